//! Messages: put on the queue as any producer would, one or many at a time, and followed.

pub(crate) mod accept;
mod allowed;
pub(crate) mod asked;
pub(crate) mod batch;
pub(crate) mod send;
pub(crate) mod show;
