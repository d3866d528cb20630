//! Archives as students hand them in, and as they should not.

use std::io::Write;

/// A tar archive of one file, which may have a name that climbs out.
pub fn tar_of(path: &str, text: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&header, text.as_bytes()).unwrap();
    archive.into_inner().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zip_of(path: &str, text: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(text.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

/// Files by path, for archives of more than one.
pub type Files = Vec<(String, Vec<u8>)>;

pub fn zip_with(files: &Files) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in files {
        archive.start_file(path.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

pub fn tar_with(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// Marks the entry of a zip whose name ends so as encrypted: what it holds cannot be read any more.
pub fn encrypted(mut zip: Vec<u8>, ending: &str) -> Vec<u8> {
    let mut marked = 0;
    // The signature of a header, where its flags are, where the name's length and the name are.
    for (signature, flags, length, name) in [(b"PK\x03\x04", 6, 26, 30), (b"PK\x01\x02", 8, 28, 46)]
    {
        for at in 0..zip.len().saturating_sub(name) {
            if !zip[at..].starts_with(signature) {
                continue;
            }
            let length = usize::from(zip[at + length]) + 256 * usize::from(zip[at + length + 1]);
            if zip[at + name..][..length].ends_with(ending.as_bytes()) {
                zip[at + flags] |= 1;
                marked += 1;
            }
        }
    }
    assert_eq!(marked, 2, "there must be one entry {ending}");
    zip
}
