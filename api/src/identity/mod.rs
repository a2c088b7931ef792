//! Identity: people, how they sign in, and the tokens they carry.
//!
//! A person is a verified address; an account alone gives nothing. This room knows nothing of
//! workshops but the list of a person's own registrations, and asks the other rooms for what is a
//! person's own when they want to see it all or to leave ([`leaving`]).

pub mod address;
mod codes;
mod leaving;
mod me;
pub mod operator;
pub mod person;
mod refresh;
mod sign_in;
pub mod tokens;

pub use codes::{new_code, parse as parse_address};

use crate::http::{Access, Room, route};

pub fn rooms() -> Vec<Room> {
    vec![
        Room::new(
            "Sign-in",
            [
                route!(codes::ask_code, Access::Anyone, []),
                route!(
                    sign_in::issue_tokens,
                    Access::Anyone,
                    [InvalidCode, InvalidRefreshToken, TooManyTries]
                ),
                route!(sign_in::revoke_token, Access::Anyone, []),
                route!(sign_in::token_keys, Access::Anyone, []),
            ],
        ),
        Room::new(
            "Me",
            [
                route!(me::read_me, Access::SignedIn, []),
                route!(me::update_me, Access::SignedIn, []),
                route!(leaving::erase_me, Access::SignedIn, [LastOrganiser]),
                route!(leaving::export_me, Access::SignedIn, []),
                route!(me::list_my_registrations, Access::SignedIn, []),
            ],
        ),
    ]
}
