//! The state store: in the database's own table, and in Redis where there is one.

mod embedded;
mod fallback;
mod link;
mod redis;

pub(super) use self::embedded::TAKEN;
pub use self::{
    embedded::Embedded,
    fallback::Fallback,
    link::Options as RedisOptions,
    redis::{Redis, check_url, try_redis},
};
pub use crate::ports::state::LONGEST_LIFE;
