//! Many needles, found in one walk through the hay.

use std::collections::HashMap;

/// Bytes by which needles are told apart at first.
const HEAD: usize = 4;
/// Of the slots that heads fall into.
const SLOT_BITS: u32 = 20;

/// Needles by their first bytes.
pub(super) struct Index {
    /// Whether a needle has a head that falls into the slot: nearly all of the hay is passed by on this alone.
    slots: Vec<bool>,
    by_head: HashMap<u32, Vec<(Vec<u8>, usize)>>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            slots: vec![false; 1 << SLOT_BITS],
            by_head: HashMap::new(),
        }
    }
}

fn slot(head: u32) -> usize {
    // Multiplied by 2³² over the golden ratio, its upper bits depend on all of the head.
    (head.wrapping_mul(0x9e37_79b1) >> (u32::BITS - SLOT_BITS)) as usize
}

impl Index {
    /// A needle of at least four bytes, and the number by which it is told.
    pub(super) fn add(&mut self, needle: Vec<u8>, number: usize) {
        let Some(head) = needle.first_chunk::<HEAD>() else {
            return;
        };
        let head = u32::from_be_bytes(*head);
        self.slots[slot(head)] = true;
        let alike = self.by_head.entry(head).or_default();
        alike.push((needle, number));
    }

    /// Tells the number of every needle and where it was found, each time it is.
    pub(super) fn search(&self, hay: &[u8], mut found: impl FnMut(usize, usize)) {
        let (mut head, mut end) = (0_u32, 0);
        // Not an iterator: tests are not optimised, and there are megabytes to walk through.
        while end < hay.len() {
            head = head << 8 | hay[end] as u32;
            end += 1;
            if !self.slots[slot(head)] || end < HEAD {
                continue;
            }
            let at = end - HEAD;
            for (needle, number) in self.by_head.get(&head).into_iter().flatten() {
                if hay[at..].starts_with(needle) {
                    found(*number, at);
                }
            }
        }
    }
}
