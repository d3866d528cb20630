//! Points, exact: hundredths in integers, so that the same verdicts give the same gradebook everywhere.

use std::fmt;
use std::iter::Sum;
use std::ops::Sub;

/// Hundredths of a point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(u64);

impl Points {
    /// Whole points.
    pub fn whole(points: u32) -> Self {
        Self(u64::from(points) * 100)
    }

    /// As a number for formats that have fractions.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// As a number for formats that have none.
    pub fn hundredths(self) -> u64 {
        self.0
    }

    /// The one in the middle, or the mean of the two there; `None` of none.
    pub fn median(mut all: Vec<Points>) -> Option<Points> {
        all.sort_unstable();
        let upper = all.get(all.len() / 2)?;
        let lower = all.get(all.len().saturating_sub(1) / 2)?;
        Some(Self((lower.0 + upper.0) / 2))
    }

    /// This fraction of the points, rounded down: nobody gets a hundredth that they have not earned. Of
    /// nothing it is nothing.
    pub fn part(self, numerator: u128, denominator: u128) -> Self {
        let part = (u128::from(self.0) * numerator).checked_div(denominator).unwrap_or(0);
        Self(u64::try_from(part).unwrap_or(u64::MAX))
    }
}

impl Sum for Points {
    fn sum<I: Iterator<Item = Self>>(points: I) -> Self {
        Self(points.map(|points| points.0).sum())
    }
}

impl Sub for Points {
    type Output = Self;

    /// At least nothing.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// `10`, `7.5`, `0.33`.
impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let median = |all: &[u32]| {
            Points::median(all.iter().copied().map(Points::whole).collect())
                .map(|it| it.to_string())
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[9, 1, 2]).unwrap(), "2");
        assert_eq!(median(&[9, 1, 2, 4]).unwrap(), "3");
    }

    #[test]
    fn a_part_is_rounded_down() {
        assert_eq!(Points::whole(1).part(2, 3).to_string(), "0.66");
        assert_eq!(Points::whole(3).part(90, 100).to_string(), "2.7");
        assert_eq!(Points::whole(3).part(1, 0), Points::default());
    }
}
