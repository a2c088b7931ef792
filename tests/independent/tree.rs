//! Merkle trees, by the definitions of RFC 6962 §2.1.

use super::{Hash, sha256};

/// `MTH(D[n])`.
pub fn root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => sha256(&[]),
        [entry] => sha256(&[&[0], entry]),
        _ => {
            let (left, right) = entries.split_at(half(entries.len()));
            sha256(&[&[1], &root(left), &root(right)])
        }
    }
}

/// `PATH(m, D[n])`.
pub fn path(index: usize, entries: &[Vec<u8>]) -> Vec<Hash> {
    if entries.len() < 2 {
        return Vec::new();
    }
    let half = half(entries.len());
    let (left, right) = entries.split_at(half);
    let (mut inner, sibling) = if index < half {
        (path(index, left), root(right))
    } else {
        (path(index - half, right), root(left))
    };
    inner.push(sibling);
    inner
}

/// The root that a path leads to, taken apart as it was put together.
pub fn root_from_path(entry: &[u8], index: usize, size: usize, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    if size == 1 {
        return path.is_empty().then(|| sha256(&[&[0], entry]));
    }
    let (sibling, inner) = path.split_last()?;
    let half = half(size);
    Some(if index < half {
        sha256(&[&[1], &root_from_path(entry, index, half, inner)?, sibling])
    } else {
        sha256(&[&[1], sibling, &root_from_path(entry, index - half, size - half, inner)?])
    })
}

/// The largest power of two smaller than n.
fn half(n: usize) -> usize {
    let mut half = 1;
    while half * 2 < n {
        half *= 2;
    }
    half
}
