//! Messages: put on the queue as any producer would, and followed.

mod allowed;
pub(crate) mod send;
pub(crate) mod show;
