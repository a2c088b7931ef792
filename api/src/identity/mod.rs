//! Identity: people, how they sign in, and the tokens they carry.
//!
//! A person is a verified address; an account alone gives nothing. This room knows nothing of
//! workshops but the list of a person's own registrations, and asks the other rooms for what is a
//! person's own when they want to see it all or to leave ([`leaving`]).

pub mod address;
mod codes;
mod in_person;
mod leaving;
mod me;
pub mod operator;
pub mod person;
mod refresh;
mod sign_in;
mod token_keys;
pub mod tokens;
mod tries;
mod verified;

pub use codes::sweep as sweep_codes;
pub use codes::{Floods, new_code, new_in_person_code, parse as parse_address, waiting_in_person};
pub use leaving::erase;
pub use refresh::{sweep as sweep_tokens, sweep_sign_ins};
pub use token_keys::sweep as sweep_keys;
pub use tries::{forget as forgive_tries, sweep as sweep_tries};
pub use verified::{Word, revoked_since};

use crate::http::{Access, Room, route};

pub fn rooms() -> Vec<Room> {
    vec![
        Room::new(
            "Sign-in",
            [
                route!(codes::ask_code, Access::Anyone, [TooManyRequests]),
                route!(
                    sign_in::issue_tokens,
                    Access::Anyone,
                    [InvalidCode, InvalidRefreshToken, TooManyTries, TooManyRequests]
                ),
                route!(sign_in::revoke_token, Access::Anyone, []),
                route!(sign_in::token_keys, Access::Anyone, []),
            ],
        ),
        Room::new(
            "Me",
            [
                route!(me::read_me, Access::SignedIn, []).in_person(),
                route!(me::update_me, Access::SignedIn, []),
                route!(leaving::erase_me, Access::SignedIn, [LastOrganiser]),
                route!(leaving::export_me, Access::SignedIn, []),
                route!(me::list_my_registrations, Access::SignedIn, []).in_person(),
            ],
        ),
    ]
}
