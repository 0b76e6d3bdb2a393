//! Random choices that can be repeated.

pub(crate) use testing::dice::Dice;
