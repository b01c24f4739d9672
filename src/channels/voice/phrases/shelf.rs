//! The files: one a phrase, whole or not at all.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
    time::SystemTime,
};

/// How much may lie there beside what is wanted, in bytes: phrases that an agent said once. An hour of speech.
const MOST: u64 = 32 << 20;

/// A digest behind the sound tells whether the file is whole.
const DIGEST: usize = 32;

const ENDING: &str = ".ulaw";
const DRAFT: &str = ".draft";

/// A folder of phrases.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The shelf in `folder`, which is made where it is missing.
    ///
    /// # Errors
    /// It cannot be made, or written to.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let shelf = Self { folder };
        for (path, ..) in shelf.files(DRAFT)? {
            fs::remove_file(path)?;
        }
        Ok(shelf)
    }

    /// The name of the file of `text` in the voice that sounds as `signature` tells.
    pub fn name(signature: &str, text: &str) -> String {
        let digest = Sha256::new().chain_update(signature).chain_update([0]).chain_update(text).finalize();
        let mut name = digest.iter().take(16).fold(String::new(), |mut name, byte| {
            // Writing to a string cannot fail.
            write!(name, "{byte:02x}").ok();
            name
        });
        name.push_str(ENDING);
        name
    }

    /// The sound in a file (mu-law, 8 kHz), if it is there and whole. Blocks for the disk.
    pub fn find(&self, name: &str) -> Option<Bytes> {
        let file = Bytes::from(fs::read(self.folder.join(name)).ok()?);
        let (sound, digest) = file.split_last_chunk::<DIGEST>()?;
        let whole = !sound.is_empty() && Sha256::digest(sound).as_slice() == digest;
        whole.then(|| file.slice(..sound.len()))
    }

    /// Keeps a sound for good. Blocks for the disk.
    ///
    /// # Errors
    /// It could not be written: what lay there before still does.
    pub fn put(&self, name: &str, sound: &[u8]) -> io::Result<()> {
        let draft = self.folder.join(format!("{name}{DRAFT}"));
        let mut file = File::create(&draft)?;
        file.write_all(sound)?;
        file.write_all(&Sha256::digest(sound))?;
        file.sync_all()?;
        fs::rename(draft, self.folder.join(name))
    }

    /// Throws away the oldest of the files that are not in `keep`, where too much lies there.
    pub(super) fn tidy(&self, keep: &BTreeSet<String>) {
        let Ok(mut others) = self.files(ENDING) else { return };
        others.retain(|(path, ..)| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !keep.contains(name))
        });
        others.sort_by_key(|(_, written, _)| *written);
        let mut size: u64 = others.iter().map(|(.., size)| size).sum();
        for (path, _, length) in others {
            if size <= MOST {
                return;
            }
            size -= length;
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(code = "PHRASES", %error, path = %path.display(), "an old phrase stays");
            }
        }
    }

    fn files(&self, ending: &str) -> io::Result<Vec<(PathBuf, SystemTime, u64)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.ends_with(ending)) {
                let facts = entry.metadata()?;
                files.push((entry.path(), facts.modified()?, facts.len()));
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(name: &str) -> Shelf {
        let folder = std::env::temp_dir().join(format!("centralita-shelf-{name}-{}", std::process::id()));
        Shelf::open(folder).unwrap()
    }

    #[test]
    fn another_voice_or_another_text_has_another_file() {
        let names = [("a", "bc"), ("ab", "c"), ("a", "bd")].map(|(voice, text)| Shelf::name(voice, text));
        assert!(names[0] != names[1] && names[0] != names[2]);
        assert_eq!(names[0], Shelf::name("a", "bc"));
        assert_eq!(names[0].len(), 37);
    }

    #[test]
    fn a_file_that_is_not_whole_is_not_there() {
        let shelf = shelf("whole");
        shelf.put("a.ulaw", &[7; 1_000]).unwrap();
        assert_eq!(shelf.find("a.ulaw").unwrap(), [7; 1_000][..]);
        let path = shelf.folder.join("a.ulaw");
        let whole = fs::read(&path).unwrap();
        for broken in [&whole[..900], &whole[..20], &[], &[&whole[..], &[7]].concat()] {
            fs::write(&path, broken).unwrap();
            assert_eq!(shelf.find("a.ulaw"), None);
        }
        shelf.put("a.ulaw", &[8; 10]).unwrap();
        assert_eq!(shelf.find("a.ulaw").unwrap(), [8; 10][..]);
        assert_eq!(shelf.find("b.ulaw"), None);
        fs::remove_dir_all(shelf.folder).unwrap();
    }

    #[test]
    fn drafts_of_a_process_that_died_are_thrown_away_and_old_phrases_where_there_are_many() {
        let shelf = shelf("tidy");
        fs::write(shelf.folder.join("a.ulaw.draft"), "half").unwrap();
        let shelf = Shelf::open(shelf.folder).unwrap();
        let much = vec![7; usize::try_from(MOST / 3).unwrap()];
        for name in ["a.ulaw", "b.ulaw", "c.ulaw", "d.ulaw"] {
            shelf.put(name, &much).unwrap();
        }
        let (written, day) = (SystemTime::UNIX_EPOCH, std::time::Duration::from_hours(24));
        for (name, age) in [("a.ulaw", 0), ("b.ulaw", 1), ("c.ulaw", 2), ("d.ulaw", 3)] {
            let file = File::options().write(true).open(shelf.folder.join(name)).unwrap();
            file.set_modified(written + day * age).unwrap();
        }
        shelf.tidy(&BTreeSet::from(["a.ulaw".to_owned()]));
        let there = ["a.ulaw", "b.ulaw", "c.ulaw", "d.ulaw"].map(|name| shelf.find(name).is_some());
        assert_eq!(there, [true, false, true, true]);
        assert!(shelf.files(DRAFT).unwrap().is_empty());
        fs::remove_dir_all(shelf.folder).unwrap();
    }
}
