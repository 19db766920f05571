//! Times of several who do the same in turns, and how they compare turn by turn. What they do is not known here.

use std::time::Duration;

/// The times of `SIDES` sides, one of each for every round.
#[derive(Debug, Default)]
pub struct Rounds<const SIDES: usize>(Vec<[Duration; SIDES]>);

/// How one side compares with another: the ratio of their times.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// Half of the rounds lie below it.
    pub median: f64,
    /// Where the median lies in 95 of 100 runs like this one.
    pub confidence: (f64, f64),
}

impl<const SIDES: usize> Rounds<SIDES> {
    /// The order of the sides in the next round: each is first as often as any other.
    pub fn next_order(&self) -> [usize; SIDES] {
        std::array::from_fn(|place| (self.0.len() + place) % SIDES)
    }

    /// Remembers a round.
    pub fn push(&mut self, times: [Duration; SIDES]) {
        self.0.push(times);
    }

    /// How many rounds there were.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The median of the times of a side; nothing if there was no round.
    pub fn median(&self, side: usize) -> Option<Duration> {
        let mut times: Vec<_> = self.0.iter().map(|times| times[side]).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied()
    }

    /// How the times of `side` compare with those of `base` in the same rounds; nothing if there was no round.
    pub fn ratio(&self, side: usize, base: usize) -> Option<Ratio> {
        let mut ratios: Vec<f64> = self
            .0
            .iter()
            .map(|times| times[side].as_secs_f64() / times[base].as_secs_f64())
            .collect();
        ratios.sort_unstable_by(f64::total_cmp);
        // Of the ranks around the median, see "order statistics" and the normal approximation of the binomial.
        let (middle, spread) = (
            ratios.len() / 2,
            (0.98 * (ratios.len() as f64).sqrt()) as usize,
        );
        let at = |rank: usize| ratios.get(rank.min(ratios.len() - 1)).copied();
        Some(Ratio {
            median: *ratios.get(middle)?,
            confidence: (at(middle.saturating_sub(spread))?, at(middle + spread)?),
        })
    }
}
