//! The tracks in a gap between two columns: which line goes up or down how far to the left, so that few lines cross and
//! none lies on another.

/// What is nearer cannot be told apart.
pub(super) const NEAR: i32 = 7;
/// How many crossings are better than a line that lies on another.
const ON_ANOTHER: i64 = 20;
/// The order of tracks is improved so often at most.
const MOST_PASSES: usize = 20;

/// What is one line in a gap, with all its branches.
#[derive(Debug, Clone, Default)]
pub(super) struct Net {
    /// How high it comes in from the left.
    pub(super) lefts: Vec<i32>,
    /// How high it goes out to the right.
    pub(super) rights: Vec<i32>,
    /// The wires in it.
    pub(super) wires: Vec<usize>,
}

impl Net {
    /// From where to where it goes up and down.
    fn reach(&self) -> (i32, i32) {
        let all = || self.lefts.iter().chain(&self.rights).copied();
        (all().min().unwrap_or(0), all().max().unwrap_or(0))
    }

    /// How bad it is that this one is left of the other.
    fn crossings(&self, other: &Self) -> i64 {
        let within = |y: i32, net: &Self| {
            let (top, bottom) = net.reach();
            i64::from(y >= top && y <= bottom)
        };
        let same = self
            .rights
            .iter()
            .flat_map(|y| other.lefts.iter().map(move |it| (y - it).abs()));
        self.rights.iter().map(|&y| within(y, other)).sum::<i64>()
            + other.lefts.iter().map(|&y| within(y, self)).sum::<i64>()
            + ON_ANOTHER
                * same
                    .filter(|distance| *distance < NEAR)
                    .map(|_| 1)
                    .sum::<i64>()
    }
}

/// The track of each line in a gap, from the left; and whether none lies on another.
pub(super) fn tracks(nets: &[Net]) -> (Vec<i32>, bool) {
    let order = order(nets);
    let mut tracks = vec![0; nets.len()];
    for (place, &net) in order.iter().enumerate() {
        let (top, bottom) = nets[net].reach();
        let meets = |&&other: &&usize| {
            let (other_top, other_bottom) = nets[other].reach();
            top <= other_bottom + NEAR && other_top <= bottom + NEAR
        };
        let before = order[..place].iter().filter(meets);
        let after = before.map(|&other| tracks[other] + 1);
        tracks[net] = after.max().unwrap_or(0);
    }
    let lies_on = |(place, &net): (usize, &usize)| {
        let mut before = order[..place].iter();
        let lefts = &nets[net].lefts;
        before.any(|&other| nets[other].rights.iter().any(|it| lefts.contains(it)))
    };
    let is_clear = !order.iter().enumerate().any(lies_on);
    (tracks, is_clear)
}

/// An order with few crossings: each is put where it makes the fewest, until none gets better.
fn order(nets: &[Net]) -> Vec<usize> {
    let costs: Vec<Vec<i64>> = nets
        .iter()
        .map(|net| nets.iter().map(|other| net.crossings(other)).collect())
        .collect();
    let mut order: Vec<usize> = (0..nets.len()).collect();
    order.sort_by_key(|&net| (nets[net].reach(), net));
    for _ in 0..MOST_PASSES {
        let mut is_better = false;
        for (net, left_of) in costs.iter().enumerate() {
            let Some(from) = order.iter().position(|&it| it == net) else {
                continue;
            };
            order.remove(from);
            // From the left end to the right, past one other at a time.
            let (mut cost, mut costs_at) = (0, vec![0]);
            for &other in &order {
                cost += costs[other][net] - left_of[other];
                costs_at.push(cost);
            }
            let best = (0..costs_at.len()).min_by_key(|&at| (costs_at[at], at.abs_diff(from)));
            let best = best.unwrap_or(from);
            is_better |= costs_at[best] < costs_at[from];
            order.insert(best, net);
        }
        if !is_better {
            break;
        }
    }
    order
}
