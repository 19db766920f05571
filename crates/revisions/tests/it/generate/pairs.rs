//! Pairs of schemas made up at random.
