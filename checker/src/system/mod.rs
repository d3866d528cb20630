//! What the checker asks of the system: files, locks on them, scratch directories, threads, hashes, a
//! pager, the machine's name.

pub(crate) mod files;
pub(crate) mod hash;
pub(crate) mod host;
pub(crate) mod lock;
pub(crate) mod pager;
pub(crate) mod scratch;
pub(crate) mod worker_pool;
