//! The Merkle tree of RFC 6962 §2.1, over entries that come one after the other.
//!
//! A [`Frontier`] takes any number of leaves in memory that grows with their logarithm. Proofs are
//! made from the roots of whole blocks of [`BLOCK`] leaves, which are stored, and the leaves of the
//! blocks that are asked about: never from the whole tree.

use crate::secrets::sha256;

pub type Hash = [u8; 32];

/// Leaves in a stored subtree; a power of two, so that every full block is a subtree of the tree.
pub const BLOCK: usize = 256;

pub fn leaf(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The right edge of a growing tree.
#[derive(Clone, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of full subtrees, the largest first: one for each bit that is set in `size`.
    roots: Vec<Hash>,
}

impl Frontier {
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else {
            return sha256(&[]);
        };
        roots.fold(*last, |right, left| node(left, &right))
    }
}

/// The root over these subtrees of equal height (the last may be smaller).
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    frontier.root()
}

/// The roots of all blocks, to be stored with the tree.
#[derive(Default)]
pub struct Blocks {
    whole: Frontier,
    current: Frontier,
    roots: Vec<Hash>,
}

impl Blocks {
    pub fn push(&mut self, entry: &[u8]) {
        let leaf = leaf(entry);
        self.whole.push(leaf);
        self.current.push(leaf);
        if self.current.size() == BLOCK as u64 {
            self.roots.push(std::mem::take(&mut self.current).root());
        }
    }

    pub fn size(&self) -> u64 {
        self.whole.size()
    }

    pub fn root(&self) -> Hash {
        self.whole.root()
    }

    pub fn into_roots(mut self) -> Vec<Hash> {
        if self.current.size() > 0 {
            self.roots.push(self.current.root());
        }
        self.roots
    }
}

/// The audit path of RFC 6962 §2.1.1 for leaf `index`, from the roots of all blocks and the leaf
/// hashes of the block that holds it.
pub fn path(blocks: &[Hash], leaves: &[Hash], index: usize) -> Vec<Hash> {
    let mut path = subpath(leaves, index % BLOCK);
    path.extend(subpath(blocks, index / BLOCK));
    path
}

fn subpath(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    // The largest power of two smaller than the number of leaves.
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    if index < left.len() {
        let mut path = subpath(left, index);
        path.push(root(right));
        path
    } else {
        let mut path = subpath(right, index - left.len());
        path.push(root(left));
        path
    }
}

/// The root that an audit path leads to (RFC 9162 §2.1.3.2), if it has the right length.
pub fn root_from_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut index, mut last) = (index, size - 1);
    let mut hash = leaf;
    for step in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            hash = node(step, &hash);
            while index & 1 == 0 && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, step);
        }
        index >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secrets::hex;

    /// The entries and roots of the test vectors published with RFC 6962's reference code
    /// (certificate-transparency, `merkle_tree_test.cc`).
    const ENTRIES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn leaves(number: usize) -> Vec<Hash> {
        (0..number).map(|index| leaf(&index.to_be_bytes())).collect()
    }

    #[test]
    fn the_published_vectors_of_rfc_6962_hold() {
        assert_eq!(
            hex(&Frontier::default().root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let mut frontier = Frontier::default();
        for (entry, root) in ENTRIES.iter().zip(ROOTS) {
            frontier.push(leaf(entry));
            assert_eq!(hex(&frontier.root()), root);
        }
        let leaves: Vec<Hash> = ENTRIES.iter().map(|entry| leaf(entry)).collect();
        let path = |index, size: usize| {
            subpath(&leaves[..size], index)
                .iter()
                .map(|hash| hex(hash))
                .collect::<Vec<_>>()
        };
        assert!(path(0, 1).is_empty());
        assert_eq!(
            path(0, 8),
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
            ]
        );
        assert_eq!(
            path(5, 8),
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
            ]
        );
        assert_eq!(
            path(2, 3),
            ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]
        );
        assert_eq!(
            path(1, 5),
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
            ]
        );
    }

    proptest! {
        #[test]
        fn a_path_through_blocks_leads_to_the_root(size in 1_usize..1500, place in any::<prop::sample::Index>()) {
            let leaves = leaves(size);
            let mut blocks = Blocks::default();
            (0..size).for_each(|index| blocks.push(&index.to_be_bytes()));
            prop_assert_eq!(blocks.root(), root(&leaves));
            let expected = root(&leaves);
            let roots = blocks.into_roots();
            let index = place.index(size);
            let start = index / BLOCK * BLOCK;
            let own = &leaves[start..size.min(start + BLOCK)];
            let path = path(&roots, own, index);
            prop_assert_eq!(&path, &subpath(&leaves, index));
            prop_assert_eq!(root_from_path(leaves[index], index as u64, size as u64, &path), Some(expected));
            // Nor does it lead there from anywhere else.
            let other = (index + 1) % size;
            if other != index {
                prop_assert_ne!(root_from_path(leaves[index], other as u64, size as u64, &path), Some(expected));
                prop_assert_ne!(root_from_path(leaves[other], index as u64, size as u64, &path), Some(expected));
            }
            let mut longer = path.clone();
            longer.push(expected);
            prop_assert_eq!(root_from_path(leaves[index], index as u64, size as u64, &longer), None);
            if !path.is_empty() {
                prop_assert_eq!(root_from_path(leaves[index], index as u64, size as u64, &path[1..]), None);
            }
        }
    }
}
