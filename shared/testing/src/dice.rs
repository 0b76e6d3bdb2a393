//! Random choices that can be repeated.

/// SplitMix64. `SEED=n` in the environment repeats a run that printed `n`.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Seeded from the environment, else always alike. Prints the seed, with what it is the seed of.
    #[expect(clippy::disallowed_methods, reason = "a seed configures no function")]
    #[expect(
        clippy::print_stdout,
        reason = "a test that fails shows what it printed"
    )]
    pub fn seeded(what: &str) -> Self {
        let given = std::env::var("SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(20_260_101);
        println!("{what}: SEED={seed}");
        Self(seed)
    }

    /// Any number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit`, exclusive.
    ///
    /// # Panics
    /// If `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.roll() % limit).unwrap_or_default()
    }

    /// True as often as that, from 0 (never) to 1 (always).
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are all that a float can tell apart.
        let share = (self.roll() >> 11) as f64 / (1_u64 << 53) as f64;
        share < probability
    }

    /// Puts items in any order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Dice of their own for somebody, who then rolls them without a change for anybody else.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.roll())
    }
}

impl From<u64> for Dice {
    /// Always the same.
    fn from(seed: u64) -> Self {
        Self(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_rolls_the_same() {
        let rolls = |seed| {
            let mut dice = Dice::from(seed);
            (0..100).map(|_| dice.roll()).collect::<Vec<_>>()
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
    }

    #[test]
    fn chances_are_what_they_are_said_to_be() {
        let mut dice = Dice::from(1);
        let hits = (0..10_000).filter(|_| dice.chance(0.05)).count();
        assert!((400..600).contains(&hits), "{hits}");
        assert!(!(0..1_000).any(|_| dice.chance(0.0)));
        assert!((0..1_000).all(|_| dice.chance(1.0)));
    }

    #[test]
    fn shuffling_loses_nothing() {
        let mut items: Vec<u32> = (0..50).collect();
        Dice::from(1).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
