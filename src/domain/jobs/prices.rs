//! Which jobs are on offer, and what each costs.

use std::collections::BTreeMap;

use crate::domain::points::{Amount, SPEND_LIMITS};
use crate::domain::text::JobType;

/// The kinds of jobs that can be ordered, with their prices in points.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceList(BTreeMap<String, Amount>);

impl PriceList {
    /// Makes a list; of a kind that is named twice, the last price counts.
    pub fn new(offers: impl IntoIterator<Item = (JobType, Amount)>) -> Self {
        let offers = offers.into_iter();
        Self(
            offers
                .map(|(job_type, price)| (job_type.as_str().to_owned(), price))
                .collect(),
        )
    }

    /// Reads one offer, such as `fortune_draw:30`. A job cannot be free: it exists only with the spend that paid for it.
    pub fn parse_offer(text: &str) -> Option<(JobType, Amount)> {
        let (job_type, price) = text.split_once(':')?;
        let job_type = JobType::parse(job_type.trim()).ok()?;
        let price = Amount::within(price.trim().parse().ok()?, SPEND_LIMITS).ok()?;
        Some((job_type, price))
    }

    /// What a kind of job costs; `None` if it is not on offer.
    pub fn price(&self, job_type: &JobType) -> Option<Amount> {
        self.0.get(job_type.as_str()).copied()
    }

    /// The names of all kinds on offer, in the order of the alphabet.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(String::as_str)
    }
}
