//! The state store: in the database's own table, and in Redis where there is one.

mod embedded;
mod fallback;
mod link;
mod redis;

pub use self::{
    embedded::Embedded,
    fallback::Fallback,
    link::Options as RedisOptions,
    redis::{Redis, check_url},
};
pub use crate::ports::state::LONGEST_LIFE;
