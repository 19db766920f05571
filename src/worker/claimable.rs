//! Which kinds of jobs a crew can do right now. One that cannot be done here is left to others, rather than failed again and
//! again until it is given up.

use super::Crew;
use crate::domain::text::JobType;

impl Crew {
    /// What to claim: every kind, but for those whose results are files while this process takes none. Waits as long as that
    /// leaves nothing; nothing is left when the crew is told to stop.
    pub async fn claimable(&self) -> Vec<JobType> {
        while !self.shutdown.is_cancelled() {
            let job_types = self.job_types().await;
            if !job_types.is_empty() || self.kinds.is_empty() {
                return job_types;
            }
            let later = tokio::time::sleep(self.settings.poll_interval);
            self.shutdown.run_until_cancelled(later).await;
        }
        Vec::new()
    }

    async fn job_types(&self) -> Vec<JobType> {
        let needs_files = self.kinds.iter().any(|kind| kind.needs_files());
        let takes_files = needs_files && self.work.files.accepts_uploads().await;
        let kinds = self.kinds.iter();
        kinds
            .filter(|kind| takes_files || !kind.needs_files())
            .filter_map(|kind| JobType::parse(kind.job_type()).ok())
            .collect()
    }
}
