//! What happens, said when it happens: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{note, print};
use crate::migrator::{Batch, Event, Standing};
use crate::revision::Revision;

/// How often a line is written where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Tells a person what a migrator does.
pub(super) struct Progress {
    bar: ProgressBar,
    /// The revisions: how many there are, and how many are done. While batches run, the bar is about their rows.
    steps: u64,
    done: u64,
    dry_run: bool,
    quiet: bool,
    last_line: Instant,
}

impl Progress {
    /// For so many steps.
    pub(super) fn new(steps: usize, dry_run: bool, quiet: bool) -> Self {
        let target = match std::io::stderr().is_terminal() && !quiet {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let steps = steps as u64;
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) =
            ProgressStyle::with_template("[{elapsed}] {bar:24} {pos}/{len} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            steps,
            done: 0,
            dry_run,
            quiet,
            last_line: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, event: &Event<'_>) {
        if self.quiet {
            return;
        }
        match event {
            Event::Waiting(holder) => self.say(&format!("waiting for another migrator: {holder}")),
            Event::Applying(revision) if self.dry_run => self.begin("trying", revision),
            Event::Applying(revision) => self.begin("applying", revision),
            Event::Undoing(revision) => self.begin("undoing", revision),
            Event::Resuming(revision, standing) => self.say(&resuming(revision, *standing)),
            Event::Batch(revision, batch) => self.batch(revision, batch),
            Event::NotTried(revision) => {
                self.step();
                self.say(&format!(
                    "not tried: {}, {}: it cannot run in a transaction",
                    revision.id(),
                    revision.message()
                ));
            }
            Event::Retrying {
                revision,
                attempt,
                attempts,
                delay,
            } => self.say(&format!(
                "{} did not get its locks, and was rolled back (attempt {attempt} of {attempts}); \
                 the next in {}",
                revision.id(),
                readable(*delay)
            )),
            Event::Applied(done) => {
                let verb = if self.dry_run {
                    "would apply"
                } else {
                    "applied"
                };
                self.end(verb, done.id, &done.message, done.duration);
            }
            Event::Undone(done) => self.end("undone", done.id, &done.message, done.duration),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn begin(&self, verb: &str, revision: &Revision) {
        let text = format!("{verb} {}, {}", revision.id(), revision.message());
        if self.bar.is_hidden() {
            note(&text);
        }
        self.bar.set_message(text);
    }

    fn step(&mut self) {
        self.done += 1;
        self.bar.set_length(self.steps);
        self.bar.set_position(self.done);
    }

    fn end(&mut self, verb: &str, id: i64, message: &str, duration: Duration) {
        self.step();
        let line = format!("{verb} {id}, {message} ({})\n", readable(duration));
        // A closed output does not stop a migration.
        self.bar.suspend(|| {
            let _ = print(&line);
        });
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| note(text));
    }

    fn batch(&mut self, revision: &Revision, batch: &Batch) {
        if let Some(rows) = batch.estimated_rows {
            self.bar.set_length(rows.max(batch.rows));
            self.bar.set_position(batch.rows);
        }
        let text = format!("{}: {}", revision.id(), batch_text(batch));
        if self.bar.is_hidden() && self.last_line.elapsed() >= BETWEEN_LINES {
            self.last_line = Instant::now();
            note(&text);
        }
        self.bar.set_message(text);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn resuming(revision: &Revision, standing: Standing) -> String {
    let Standing {
        done,
        total,
        next_line,
        next_is_uncertain,
    } = standing;
    let stands = match done {
        0 => "no statement is known to have been done".to_owned(),
        1 => format!("the first of {total} statements stands"),
        done => format!("the first {done} of {total} statements stand"),
    };
    let next = match next_line {
        Some(line) if next_is_uncertain => format!(
            "going on with the one of line {line}, which was under way and may have been done or not"
        ),
        Some(line) => {
            format!("going on with the one of line {line}, which was under way and was not done")
        }
        None => "only the history is left to be written".to_owned(),
    };
    format!("{} was interrupted: {stands}; {next}", revision.id())
}

/// `about 46 s left, 30000 of about 1000000 rows, 21000 a second`: what a narrow terminal cuts off comes last.
fn batch_text(batch: &Batch) -> String {
    let seconds = batch.elapsed.as_secs_f64().max(0.001);
    let rate = batch.rows as f64 / seconds;
    let left = batch
        .estimated_rows
        .and_then(|rows| rows.checked_sub(batch.rows))
        .filter(|rows| *rows > 0);
    let expected = match left {
        None => format!("{} rows", batch.rows),
        Some(rows) => format!(
            "about {} left, {} of about {} rows",
            readable(Duration::from_secs_f64(rows as f64 / rate.max(1.0))),
            batch.rows,
            batch.rows + rows
        ),
    };
    format!("{expected}, {rate:.0} a second")
}

fn readable(duration: Duration) -> String {
    if duration < Duration::from_secs(10) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}
