//! What is kept after many operations: memory and descriptors, as after a few or ever more.
//!
//! A test program counts what its threads allocate with one line at its head:
//!
//! ```
//! testkit::count_allocations!();
//!
//! let mut kept = Vec::new();
//! let growth = testkit::growth::growth(|_| kept.push(0_u64));
//! assert!(growth.bytes >= 8 * 10_000);
//! ```

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

/// So many rounds come first: tables have their first room, and lazy things are made.
const FEW: usize = 10;
/// So many follow.
const MANY: usize = 10_000;

/// Makes [`Counting`] the allocator of this program.
#[macro_export]
macro_rules! count_allocations {
    () => {
        #[global_allocator]
        static COUNTING: $crate::growth::Counting = $crate::growth::Counting;
    };
}

/// The system's allocator, and a count of the bytes that each thread has.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    /// Allocated by this thread, less what it has freed.
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends has no count any more.
    let _ = BYTES.try_with(|count| count.set(count.get() + bytes));
}

// SAFETY: every call is handed on to the system's allocator as it is; counting allocates nothing, for the
// count is a constant at first and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promise is what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promise is what the system's allocator asks for.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How much more is kept after many rounds than after a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    /// Bytes that this thread has allocated and not freed.
    pub bytes: isize,
    /// Open descriptors of this process.
    pub descriptors: isize,
}

impl Growth {
    /// Whether something is kept of every round, or of many.
    pub fn is_there(self) -> bool {
        // A table that grows once more is less than a byte a round; another test beside this one has a few
        // descriptors.
        self.bytes > MANY.cast_signed() || self.descriptors > 100
    }
}

/// Runs `round` a few times and then ten thousand times, and says what is kept more at the end.
///
/// # Panics
///
/// If the program does not count allocations: [`count_allocations!`](crate::count_allocations).
pub fn growth(mut round: impl FnMut(usize)) -> Growth {
    let before = BYTES.get();
    drop(black_box(Box::new([0_u8; 100])));
    let kept = black_box(Box::new([0_u8; 100]));
    assert!(BYTES.get() - before >= 100, "write `testkit::count_allocations!();` in this test");
    drop(kept);
    (0..FEW).for_each(&mut round);
    let (bytes, descriptors) = now();
    (FEW..FEW + MANY).for_each(&mut round);
    let (bytes_after, descriptors_after) = now();
    Growth { bytes: bytes_after - bytes, descriptors: descriptors_after - descriptors }
}

fn now() -> (isize, isize) {
    let descriptors = procfs::own_descriptor_numbers().len().cast_signed();
    (BYTES.get(), descriptors)
}
