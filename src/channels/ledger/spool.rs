//! The file that keeps what the database could not take.
//!
//! Each record is its length and its CRC-32, both 4 bytes with the lowest first, and the record as MessagePack. A file breaks off at the
//! first record that is not whole: the process died while it wrote, and had not yet said that it was safe.

use crate::ports::store::{calls::CallEntry, inbox::Event};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

/// What every record begins with: length and checksum.
const HEAD: usize = 8;

/// No record is longer: bodies of webhooks end at 1 MiB.
const LONGEST: usize = 4 << 20;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Spooled {
    Call(CallEntry),
    Event(Event),
}

/// A file that is locked as long as it is open, so that only one process uses it.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    file: File,
    /// Bytes that are known to be whole records.
    length: u64,
    /// Where the first record lies that is not in the database yet.
    read: u64,
    /// It has records that this program does not understand: it is put aside, and not deleted.
    strange: bool,
}

/// The files of this process, those included that it took over.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    most: u64,
    segments: VecDeque<Segment>,
    /// Bytes of the first segment that [`Self::next`] has given out.
    given: u64,
    number: u32,
}

impl Spool {
    pub(super) fn open(folder: &Path, most: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        names.retain(|path| path.extension().is_some_and(|ending| ending == "spool"));
        names.sort();
        let mut segments = VecDeque::new();
        for path in names {
            segments.extend(Segment::take_over(path)?);
        }
        Ok(Self { folder: folder.to_owned(), most, segments, given: 0, number: 0 })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Bytes that are not in the database yet.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length - segment.read).sum()
    }

    /// Whether four fifths of what it may hold are there.
    pub(super) fn is_nearly_full(&self) -> bool {
        self.bytes().saturating_mul(5) >= self.most.saturating_mul(4) && !self.is_empty()
    }

    /// Brings records to the disk: when this returns `Ok` they outlive the machine's power.
    pub(super) fn append(&mut self, records: &[Spooled]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            write(record, &mut bytes)?;
        }
        let added = bytes.len() as u64;
        if self.bytes() + added > self.most {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the spool is full"));
        }
        // Files that were taken over are only read.
        if self.number == 0 || self.segments.is_empty() {
            let segment = self.begin()?;
            self.segments.push_back(segment);
        }
        let Some(last) = self.segments.back_mut() else { return Ok(()) };
        last.append(&bytes)
    }

    /// The next records that are not in the database yet, none where there are none; the same ones until [`Self::advance`].
    pub(super) fn next(&mut self, most: usize) -> io::Result<Vec<Spooled>> {
        while let Some(first) = self.segments.front_mut() {
            let (records, end) = first.read(most)?;
            if !records.is_empty() {
                self.given = end;
                return Ok(records);
            }
            self.forget_first()?;
        }
        Ok(Vec::new())
    }

    /// What [`Self::next`] gave last is in the database.
    pub(super) fn advance(&mut self) -> io::Result<()> {
        let Some(first) = self.segments.front_mut() else { return Ok(()) };
        first.read = self.given;
        if first.read >= first.length { self.forget_first() } else { Ok(()) }
    }

    fn forget_first(&mut self) -> io::Result<()> {
        match self.segments.pop_front() {
            Some(done) if done.strange => fs::rename(&done.path, done.path.with_extension("strange")),
            Some(done) => fs::remove_file(done.path),
            None => Ok(()),
        }
    }

    fn begin(&mut self) -> io::Result<Segment> {
        self.number += 1;
        let name = format!("{}-{}.spool", uuid::Uuid::now_v7().simple(), self.number);
        let path = self.folder.join(name);
        let file = File::options().create_new(true).read(true).write(true).open(&path)?;
        file.lock()?;
        File::open(&self.folder)?.sync_all()?;
        Ok(Segment { path, file, length: 0, read: 0, strange: false })
    }
}

impl Segment {
    /// A file that another process has left; `None` where that process lives.
    fn take_over(path: PathBuf) -> io::Result<Option<Self>> {
        let mut file = match File::options().read(true).write(true).open(&path) {
            Ok(file) => file,
            // Its process has just brought all of it to the database.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let (mut whole, mut head) = (0, [0; HEAD]);
        while let Some(record) = record(&mut file, &mut head)? {
            whole += (HEAD + record.len()) as u64;
        }
        let length = file.metadata()?.len();
        if length > whole {
            tracing::warn!(
                code = "SPOOL",
                bytes = length - whole,
                "a process died while it wrote to the spool; the last record was never whole"
            );
        }
        Ok(Some(Self { path, file, length: whole, read: 0, strange: false }))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length += bytes.len() as u64,
            // A part of a record would hide all that follow it.
            Err(_) => self.file.set_len(self.length)?,
        }
        written
    }

    /// Up to `most` records that were not read yet, and where they end.
    fn read(&mut self, most: usize) -> io::Result<(Vec<Spooled>, u64)> {
        self.file.seek(SeekFrom::Start(self.read))?;
        let (mut end, mut head, mut records) = (self.read, [0; HEAD], Vec::new());
        while records.len() < most && end < self.length {
            let Some(bytes) = record(&mut self.file, &mut head)? else { break };
            end += (HEAD + bytes.len()) as u64;
            match rmp_serde::from_slice(&bytes) {
                Ok(spooled) => records.push(spooled),
                Err(error) => {
                    self.strange = true;
                    tracing::error!(code = "SPOOL", %error, file = %self.path.display(), "a record of the spool is not understood; the file is put aside");
                }
            }
        }
        if records.is_empty() && end > self.read {
            self.read = end;
        }
        Ok((records, end))
    }
}

fn write(record: &Spooled, into: &mut Vec<u8>) -> io::Result<()> {
    let bytes = rmp_serde::to_vec_named(record).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    into.extend(length.to_le_bytes());
    into.extend(crc32fast::hash(&bytes).to_le_bytes());
    into.extend(bytes);
    Ok(())
}

/// The next record, where it is whole.
fn record(file: &mut File, head: &mut [u8; HEAD]) -> io::Result<Option<Vec<u8>>> {
    let whole = |read: io::Result<()>| match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    };
    if !whole(file.read_exact(head))? {
        return Ok(None);
    }
    let number = |bytes: &[u8]| bytes.try_into().map_or(u32::MAX, u32::from_le_bytes);
    let (length, sum) = head.split_at(HEAD / 2);
    let length = usize::try_from(number(length)).unwrap_or(usize::MAX);
    if length > LONGEST {
        return Ok(None);
    }
    let mut bytes = vec![0; length];
    let sound = whole(file.read_exact(&mut bytes))? && crc32fast::hash(&bytes) == number(sum);
    Ok(sound.then_some(bytes))
}
