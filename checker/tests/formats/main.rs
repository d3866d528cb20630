//! The reports for graders and CI, each read by a reader that is not the checker's own.

#[cfg(feature = "grade")]
mod classroom;
mod fixture;
mod github;
#[cfg(feature = "grade")]
mod gradescope;
#[cfg(feature = "grade")]
mod json_report;
#[cfg(feature = "junit")]
mod junit;
#[cfg(feature = "grade")]
mod tables;
