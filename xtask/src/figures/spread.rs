//! Median, ninetieth percentile and maximum of a set of counts.

use std::fmt;

/// Counts, sorted.
#[derive(Debug)]
pub(super) struct Spread(Vec<usize>);

impl FromIterator<usize> for Spread {
    fn from_iter<I: IntoIterator<Item = usize>>(counts: I) -> Self {
        let mut counts: Vec<usize> = counts.into_iter().collect();
        counts.sort_unstable();
        Self(counts)
    }
}

impl Spread {
    /// The count that `percent` of all do not exceed (nearest rank).
    fn percentile(&self, percent: usize) -> usize {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or(0)
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        [50, 90, 100].into_iter().try_for_each(|p| write!(f, "{:>8}", self.percentile(p)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let spread: Spread = (1..=10).collect();
        assert_eq!(spread.to_string(), "       5       9      10");
    }

    #[test]
    fn nothing_counted_is_nought() {
        assert_eq!(Spread::from_iter([]).percentile(50), 0);
    }
}
