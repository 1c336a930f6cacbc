//! The values of one figure, one from each round.

/// One value a round.
#[derive(Debug, Clone, Default, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle value; of an even number the lower of the two.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
    }

    /// The largest value.
    pub(crate) fn worst(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// How far apart the values lie, against the median: the outermost two are left out where
    /// there are at least five, so that one bad round does not make a figure worthless.
    pub(crate) fn spread(&self) -> f64 {
        let sorted = self.sorted();
        let trimmed = match sorted.as_slice() {
            [_, inner @ .., _] if inner.len() >= 3 => inner,
            all => all,
        };
        match (trimmed.first(), trimmed.last()) {
            (Some(least), Some(most)) if most > least => (most - least) / self.median(),
            _ => 0.0,
        }
    }

    /// Round by round, this series divided by another.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect())
    }

    /// Round by round, `1/(1/a + 1/b)`: what two limits in a row leave over.
    pub(crate) fn in_a_row(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| 1.0 / (1.0 / a + 1.0 / b)).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        values.iter().copied().collect()
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn one_bad_round_moves_neither_median_nor_spread() {
        let rounds = series(&[100.0, 110.0, 90.0, 100.0, 1.0]);
        assert_eq!(rounds.median(), 100.0);
        assert_eq!(rounds.spread(), 0.1);
        assert!(series(&[1.0, 2.0]).spread() > 0.9);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "these values are exact")]
    fn two_equal_limits_in_a_row_leave_half() {
        assert_eq!(series(&[10.0]).in_a_row(&series(&[10.0])).median(), 5.0);
    }
}
