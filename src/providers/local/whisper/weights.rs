//! Reads the tensors of a CTranslate2 `model.bin`, binary version 6.
//!
//! Layout (CTranslate2 `src/models/model.cc`), little-endian: version u32, specification name, revision u32, number of
//! variables u32; then for each: name, rank u8, dimensions u32, data type u8, bytes u32, data; then aliases. A name
//! is its length with the final zero (u16), its bytes, the zero.

use candle_core::{DType, Device, Tensor};
use std::{
    collections::HashMap,
    io::{self, Read},
};

/// The newest layout that is understood.
const VERSION: u32 = 6;
/// The specification that a Whisper model names.
const SPECIFICATION: &str = "WhisperSpec";
/// More than any Whisper holds; a damaged file shall not ask for all memory.
const LONGEST: usize = 512 << 20;

/// Why a weights file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It cannot be read to its end.
    #[error("the weights cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is another kind of file.
    #[error("these are not Whisper weights of CTranslate2 version 6: {0}")]
    Foreign(String),
    /// A tensor that the model needs is missing or has another shape.
    #[error("the weights do not fit Whisper base: {0}")]
    Misfit(String),
}

/// The tensors of a model by their name, as 32-bit floats.
#[derive(Debug, Default)]
pub(super) struct Weights(HashMap<String, Tensor>);

impl Weights {
    /// Reads all tensors of rank 1 and more; flags and counts (rank 0) are left out.
    ///
    /// # Errors
    /// Where the file ends early, is of another kind or holds a type other than 16 or 32-bit floats.
    pub(super) fn read(mut from: impl Read) -> Result<Self, WeightsError> {
        let version = u32_of(&mut from)?;
        if version != VERSION {
            return Err(WeightsError::Foreign(format!("its version is {version}")));
        }
        let specification = text_of(&mut from)?;
        if specification != SPECIFICATION {
            return Err(WeightsError::Foreign(format!("it holds a `{specification}`")));
        }
        let _revision = u32_of(&mut from)?;
        let count = u32_of(&mut from)?;
        let mut tensors = HashMap::new();
        for _ in 0..count {
            let name = text_of(&mut from)?;
            if let Some(tensor) = tensor_of(&mut from, &name)? {
                tensors.insert(name, tensor);
            }
        }
        Ok(Self(tensors))
    }

    /// Takes a tensor out.
    ///
    /// # Errors
    /// Where it is missing or not of this shape.
    pub(super) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, WeightsError> {
        let tensor =
            self.0.remove(name).ok_or_else(|| WeightsError::Misfit(format!("`{name}` is missing")))?;
        if tensor.dims() == shape {
            Ok(tensor)
        } else {
            let found = tensor.dims();
            Err(WeightsError::Misfit(format!("`{name}` is {found:?} and not {shape:?}")))
        }
    }
}

fn tensor_of(from: &mut impl Read, name: &str) -> Result<Option<Tensor>, WeightsError> {
    let rank = u8_of(from)?;
    let shape = (0..rank).map(|_| Ok(u32_of(from)? as usize)).collect::<io::Result<Vec<_>>>()?;
    let kind = u8_of(from)?;
    let length = u32_of(from)? as usize;
    if length > LONGEST {
        return Err(WeightsError::Foreign(format!("`{name}` claims {length} bytes")));
    }
    let mut data = vec![0; length];
    from.read_exact(&mut data)?;
    if rank == 0 {
        return Ok(None);
    }
    // The numbers of CTranslate2's `DataType` (include/ctranslate2/types.h).
    let kind = match kind {
        0 => DType::F32,
        4 => DType::F16,
        other => {
            return Err(WeightsError::Foreign(format!("`{name}` is of type {other} and not a float")));
        }
    };
    Tensor::from_raw_buffer(&data, kind, &shape, &Device::Cpu)
        .and_then(|tensor| tensor.to_dtype(DType::F32))
        .map(Some)
        .map_err(|error| WeightsError::Misfit(format!("`{name}`: {error}")))
}

fn u8_of(from: &mut impl Read) -> io::Result<u8> {
    let mut bytes = [0; 1];
    from.read_exact(&mut bytes)?;
    Ok(u8::from_le_bytes(bytes))
}

fn u32_of(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn text_of(from: &mut impl Read) -> io::Result<String> {
    let mut length = [0; 2];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(u16::from_le_bytes(length))];
    from.read_exact(&mut bytes)?;
    bytes.pop();
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(into: &mut Vec<u8>, text: &str) {
        into.extend(u16::try_from(text.len() + 1).unwrap().to_le_bytes());
        into.extend(text.bytes());
        into.push(0);
    }

    fn variable(into: &mut Vec<u8>, name: &str, shape: &[u32], kind: u8, data: &[u8]) {
        text(into, name);
        into.push(u8::try_from(shape.len()).unwrap());
        into.extend(shape.iter().flat_map(|n| n.to_le_bytes()));
        into.push(kind);
        into.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        into.extend(data);
    }

    fn file() -> Vec<u8> {
        let mut file = 6u32.to_le_bytes().to_vec();
        text(&mut file, "WhisperSpec");
        file.extend(3u32.to_le_bytes());
        file.extend(3u32.to_le_bytes());
        variable(&mut file, "decoder/pre_norm", &[], 1, &[1]);
        // 1.0 and -2.0 as half floats.
        variable(&mut file, "half", &[1, 2], 4, &[0x00, 0x3C, 0x00, 0xC0]);
        variable(&mut file, "whole", &[1], 0, &2.5f32.to_le_bytes());
        file
    }

    #[test]
    fn half_and_whole_floats_are_read() {
        let mut weights = Weights::read(file().as_slice()).unwrap();
        let half = weights.take("half", &[1, 2]).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(half, [[1.0, -2.0]]);
        let whole = weights.take("whole", &[1]).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(whole, [2.5]);
        assert!(weights.take("decoder/pre_norm", &[]).is_err());
    }

    #[test]
    fn a_wrong_shape_is_told() {
        let mut weights = Weights::read(file().as_slice()).unwrap();
        let error = weights.take("half", &[2, 1]).unwrap_err();
        assert_eq!(error.to_string(), "the weights do not fit Whisper base: `half` is [1, 2] and not [2, 1]");
    }

    #[test]
    fn another_kind_of_file_is_refused() {
        let mut other = file();
        other[0] = 5;
        assert!(matches!(Weights::read(other.as_slice()), Err(WeightsError::Foreign(_))));
        let cut = &file()[..40];
        assert!(matches!(Weights::read(cut), Err(WeightsError::Unreadable(_))));
    }
}
