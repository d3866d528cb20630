//! Comma-separated values: the one writer of them.

/// The rows as RFC 4180 has them, but for the line ends.
pub fn csv<Row>(rows: impl IntoIterator<Item = Row>) -> String
where
    Row: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = "a vector takes what is written to it";
    rows.into_iter().for_each(|row| writer.write_record(row).expect(written));
    let bytes = writer.into_inner().expect(written);
    String::from_utf8(bytes).expect("text was written")
}
