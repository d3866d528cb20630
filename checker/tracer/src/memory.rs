//! Memory of a tracee, by `/proc/PID/mem`.

use std::fs;
use std::os::unix::fs::FileExt;

/// Reads memory of task `tid`: as many bytes as are there, at most as many as fit.
pub(crate) fn read_memory(tid: i32, address: u64, buffer: &mut [u8]) -> usize {
    let Ok(memory) = fs::File::open(format!("/proc/{tid}/mem")) else { return 0 };
    memory.read_at(buffer, address).unwrap_or(0)
}

/// A number of the tracee's memory.
pub(crate) fn read_u64(tid: i32, address: u64) -> Option<u64> {
    let mut bytes = [0; 8];
    (address != 0 && read_memory(tid, address, &mut bytes) == 8).then(|| u64::from_le_bytes(bytes))
}

/// A number of the tracee's memory.
pub(crate) fn read_i32(tid: i32, address: u64) -> Option<i32> {
    let mut bytes = [0; 4];
    (address != 0 && read_memory(tid, address, &mut bytes) == 4).then(|| i32::from_le_bytes(bytes))
}

/// A text of the tracee's memory that ends with NUL.
pub(crate) fn read_text(tid: i32, address: u64) -> Option<String> {
    let mut buffer = vec![0; libc::PATH_MAX as usize];
    // What lies behind the page of the address may not be mapped: then less is read.
    let count = read_memory(tid, address, &mut buffer);
    let end = buffer[..count].iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&buffer[..end]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read() {
        let text = c"a text";
        let this = std::process::id() as i32;
        assert_eq!(read_text(this, text.as_ptr() as u64).as_deref(), Some("a text"));
        assert_eq!(read_u64(this, 0), None);
    }
}
