//! What follows from what happens.
