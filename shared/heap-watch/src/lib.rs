//! An allocator for tests that looks into every block before it is given back: has the secret in it been wiped?
//!
//! A growing or shrinking block always moves, as any allocator may do, so a copy left behind is found every time and
//! not only now and then.
//!
//! ```
//! #[global_allocator]
//! static HEAP: heap_watch::HeapWatch = heap_watch::HeapWatch;
//!
//! const SECRET: &str = "CANARY-3f1c9a0d7e5b8264";
//! let left = heap_watch::left_behind(&[SECRET], || drop(SECRET.to_owned()));
//! assert_eq!(left[0].text, SECRET);
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::slice;

/// The allocator; a test binary has it as its `#[global_allocator]`.
#[derive(Debug)]
pub struct HeapWatch;

/// A secret in a block that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The secret's text; half of it is enough to be found.
    pub text: &'static str,
    /// The block's size.
    pub block: usize,
}

/// Most finds that are told; one is too many.
const MOST: usize = 16;

thread_local! {
    static SECRETS: Cell<&'static [&'static str]> = const { Cell::new(&[]) };
    static FOUND: Cell<[Option<Left>; MOST]> = const { Cell::new([None; MOST]) };
}

/// Runs `work`, and tells which of the secrets were in blocks that this thread gave back meanwhile.
///
/// # Panics
/// If a secret has fewer than 16 bytes: it would be found by chance. If the test binary has another allocator.
pub fn left_behind<T>(secrets: &'static [&'static str], work: impl FnOnce() -> T) -> Vec<Left> {
    assert!(secrets.iter().all(|secret| secret.len() >= 16));
    assert!(is_watching(), "HeapWatch is not the global allocator");
    watch(secrets, work)
}

fn watch<T>(secrets: &'static [&'static str], work: impl FnOnce() -> T) -> Vec<Left> {
    FOUND.set([None; MOST]);
    SECRETS.set(secrets);
    drop(work());
    SECRETS.set(&[]);
    FOUND.get().into_iter().flatten().collect()
}

fn is_watching() -> bool {
    const PROBE: &str = "is anybody watching?";
    !watch(&[PROBE], || drop(black_box(PROBE.to_owned()))).is_empty()
}

fn look_into(block: &[u8]) {
    // No secret can be told from a thread that is being taken down.
    let secrets = SECRETS.try_with(Cell::get).unwrap_or_default();
    for secret in secrets {
        let (first, last) = secret.as_bytes().split_at(secret.len() / 2);
        if !holds(block, first) && !holds(block, last) {
            continue;
        }
        let mut found = FOUND.get();
        if let Some(free) = found.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(Left {
                text: secret,
                block: block.len(),
            });
        }
        FOUND.set(found);
    }
}

fn holds(block: &[u8], part: &[u8]) -> bool {
    block.windows(part.len()).any(|window| window == part)
}

// SAFETY: every block comes from `System` with the layout that it is given back with.
unsafe impl GlobalAlloc for HeapWatch {
    /// Zeroed always, so that every byte of a block may be read when it is given back.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is the caller's own, `layout.size()` bytes long, and was zeroed when it was made.
        look_into(unsafe { slice::from_raw_parts(block, layout.size()) });
        // SAFETY: `alloc` took it from `System` with this layout.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller guarantees that the size, rounded up to the alignment, does not overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the caller guarantees a size above zero.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: two blocks, each at least that long.
            unsafe { block.copy_to_nonoverlapping(moved, layout.size().min(size)) };
            // SAFETY: the old block is no longer anybody's.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}
