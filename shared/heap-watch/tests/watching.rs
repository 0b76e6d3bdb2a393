//! What is found, and what is not.

use heap_watch::{HeapWatch, left_behind};

#[global_allocator]
static HEAP: HeapWatch = HeapWatch;

const SECRET: &str = "CANARY-3f1c9a0d7e5b8264";

fn wipe(text: String) {
    let mut bytes = text.into_bytes();
    bytes.fill(0);
    // Or the compiler leaves out writes to what is about to be dropped.
    std::hint::black_box(&bytes);
}

#[test]
fn e6_a_copy_that_was_not_wiped_is_found() {
    let left = left_behind(&[SECRET], || drop(SECRET.to_owned()));
    assert_eq!((left[0].text, left[0].block), (SECRET, SECRET.len()));
}

#[test]
fn e6_half_a_secret_is_found() {
    assert!(!left_behind(&[SECRET], || drop(SECRET[..15].to_owned())).is_empty());
    assert!(!left_behind(&[SECRET], || drop(SECRET[11..].to_owned())).is_empty());
}

#[test]
fn e6_a_block_that_grew_or_shrank_left_a_copy() {
    let resized = |change: fn(&mut String)| {
        let mut text = String::with_capacity(SECRET.len() + 1);
        text.push_str(SECRET);
        left_behind(&[SECRET], || {
            change(&mut text);
            wipe(text);
        })
    };
    assert_eq!(resized(|text| text.reserve(100)).len(), 1);
    assert_eq!(resized(String::shrink_to_fit).len(), 1);
    assert_eq!(resized(|_| ()), []);
}

#[test]
fn e6_what_was_wiped_or_is_kept_is_no_find() {
    let mut kept = String::new();
    let left = left_behind(&[SECRET], || {
        wipe(SECRET.to_owned());
        kept = SECRET.to_owned();
    });
    assert_eq!(left, []);
    assert_eq!(kept, SECRET);
}

#[test]
fn other_threads_and_other_times_are_not_watched() {
    drop(SECRET.to_owned());
    let left = left_behind(&[SECRET], || {
        std::thread::scope(|scope| {
            scope.spawn(|| drop(SECRET.to_owned()));
        });
    });
    assert_eq!(left, []);
}
