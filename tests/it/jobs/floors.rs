//! Where claims begin to look: the rules alone, without a database.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use divine_whispers::domain::ids::{JobId, UserId};
use divine_whispers::domain::jobs::floors::{Floors, Look, Position};
use divine_whispers::domain::jobs::lease::{ClaimedJob, Lease};
use divine_whispers::domain::text::JobType;
use serde_json::json;
use tokio::time::Instant;

const INTERVAL: Duration = Duration::from_secs(1);
/// Of a full look.
const TOOK: Duration = Duration::from_millis(100);

fn types(names: &[&str]) -> Vec<JobType> {
    names
        .iter()
        .map(|name| JobType::parse(name).unwrap())
        .collect()
}

fn job(priority: i16, second: i64, id: i64) -> ClaimedJob {
    ClaimedJob {
        lease: Lease {
            job_id: JobId(id),
            token: uuid::Uuid::nil(),
        },
        lease_expires_at: at(3600),
        user_id: UserId(1),
        job_type: "fortune_draw".to_owned(),
        input: json!({}),
        priority,
        scheduled_at: at(second),
        attempt: 1,
        max_attempts: 5,
    }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

fn floor(look: &Look, priority: i16) -> Position {
    look.floors()
        .find(|(other, _)| *other == priority)
        .unwrap()
        .1
}

/// A look now, and what it found.
fn look(floors: &Floors, job_types: &[JobType], now: Instant, found: &[ClaimedJob]) -> Look {
    let look = floors.begin(job_types, INTERVAL, now);
    floors.end(&look, found, TOOK, now);
    look
}

#[test]
fn the_first_look_is_full_and_the_next_begins_behind_what_it_found() {
    let (floors, draws, now) = (Floors::default(), types(&["fortune_draw"]), Instant::now());
    let first = look(
        &floors,
        &draws,
        now,
        &[job(5, 2, 7), job(5, 1, 9), job(0, 3, 1)],
    );
    assert!(first.is_full());
    assert!((0..=9).all(|priority| floor(&first, priority)
        < Position {
            scheduled_at: at(0),
            id: JobId(0)
        }));
    let next = floors.begin(&draws, INTERVAL, now);
    assert!(!next.is_full());
    let last = Position {
        scheduled_at: at(2),
        id: JobId(7),
    };
    assert_eq!(floor(&next, 5), last, "by time first, then by number");
    assert_eq!(
        floor(&next, 0),
        Position {
            scheduled_at: at(3),
            id: JobId(1)
        }
    );
    assert_eq!(floor(&next, 9), floor(&first, 9), "nothing was found there");
    let nine: Vec<_> = next.floors().map(|(priority, _)| priority).collect();
    assert_eq!(nine, (0..=9).collect::<Vec<_>>());
}

#[test]
fn a_set_of_types_has_floors_of_its_own_in_whatever_order_it_is_named() {
    let (floors, now) = (Floors::default(), Instant::now());
    look(&floors, &types(&["one", "two"]), now, &[job(0, 1, 1)]);
    assert!(
        !floors
            .begin(&types(&["two", "one", "two"]), INTERVAL, now)
            .is_full()
    );
    assert!(floors.begin(&types(&["one"]), INTERVAL, now).is_full());
}

#[test]
fn a_full_look_is_due_after_the_interval_and_when_its_share_of_the_time_is_free_again() {
    let (floors, draws, start) = (Floors::default(), types(&["fortune_draw"]), Instant::now());
    look(&floors, &draws, start, &[]);
    let too_early = start + TOOK * 20 - Duration::from_millis(1);
    assert!(!floors.begin(&draws, INTERVAL, too_early).is_full());
    let due = start + TOOK * 20;
    assert!(floors.begin(&draws, INTERVAL, due).is_full());
    assert!(
        !floors.begin(&draws, INTERVAL, due).is_full(),
        "one is enough"
    );

    // One that takes no time is made once in the interval all the same.
    let (floors, interval) = (Floors::default(), INTERVAL);
    let first = floors.begin(&draws, interval, start);
    floors.end(&first, &[], Duration::ZERO, start);
    let too_early = start + interval - Duration::from_millis(1);
    assert!(!floors.begin(&draws, interval, too_early).is_full());
    assert!(floors.begin(&draws, interval, start + interval).is_full());
}

#[test]
fn who_found_nothing_may_look_everywhere_when_the_share_is_free_or_cannot_wait() {
    let (floors, draws, start) = (Floors::default(), types(&["fortune_draw"]), Instant::now());
    look(&floors, &draws, start, &[job(0, 1, 1)]);
    let quick = floors.begin(&draws, INTERVAL, start);
    let free = start + TOOK * 20;
    assert_eq!(floors.begin_full(&quick, start).unwrap_err(), free);
    assert!(floors.begin_full(&quick, free).unwrap().is_full());
    let now = floors.begin_full_at_any_price(&quick, start);
    assert!(now.is_full());
    assert!(floor(&now, 0) < floor(&quick, 0));
}

#[test]
fn a_floor_goes_down_to_what_a_full_look_found_and_no_older_look_lifts_it_again() {
    let (floors, draws, now) = (Floors::default(), types(&["fortune_draw"]), Instant::now());
    look(&floors, &draws, now, &[job(0, 50, 50)]);
    let overtaken = floors.begin(&draws, INTERVAL, now);
    let full = floors.begin_full_at_any_price(&overtaken, now);
    floors.end(&full, &[job(0, 10, 10)], TOOK, now);
    floors.end(&overtaken, &[job(0, 60, 60)], TOOK, now);
    // More may have been given back between the two.
    let next = look(&floors, &draws, now, &[job(0, 11, 11)]);
    assert_eq!(
        floor(&next, 0),
        Position {
            scheduled_at: at(10),
            id: JobId(10)
        }
    );
    // Of quick looks at the same time, whichever ends last, the floor is the highest.
    let (one, other) = (
        floors.begin(&draws, INTERVAL, now),
        floors.begin(&draws, INTERVAL, now),
    );
    floors.end(&one, &[job(0, 13, 13)], TOOK, now);
    floors.end(&other, &[job(0, 12, 12)], TOOK, now);
    let next = floors.begin(&draws, INTERVAL, now);
    assert_eq!(
        floor(&next, 0),
        Position {
            scheduled_at: at(13),
            id: JobId(13)
        }
    );
}

#[test]
fn whoever_asks_for_ever_new_types_has_those_forgotten_that_nobody_asks_for() {
    let (floors, kept, start) = (Floors::default(), types(&["kept"]), Instant::now());
    let first = types(&["type_0"]);
    look(&floors, &kept, start, &[]);
    for number in 0..150_u32 {
        let now = start + Duration::from_millis(number.into());
        look(&floors, &types(&[&format!("type_{number}")]), now, &[]);
        assert!(
            !floors.begin(&kept, INTERVAL, now).is_full(),
            "it is in use"
        );
    }
    let now = start + Duration::from_millis(150);
    assert!(!floors.begin(&types(&["type_149"]), INTERVAL, now).is_full());
    assert!(
        floors.begin(&first, INTERVAL, now).is_full(),
        "it was forgotten"
    );
}

#[test]
fn what_has_no_place_among_the_priorities_moves_no_floor() {
    let (floors, draws, now) = (Floors::default(), types(&["fortune_draw"]), Instant::now());
    let before = look(&floors, &draws, now, &[job(-1, 1, 1), job(10, 1, 2)]);
    let after = floors.begin(&draws, INTERVAL, now);
    assert!(before.floors().eq(after.floors()));
}
