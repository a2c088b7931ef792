//! Identity: people, how they sign in, and the tokens they carry.
//!
//! A person is a verified address; an account alone gives nothing. This room knows nothing of
//! workshops but the list of a person's own registrations.

pub mod address;
mod codes;
mod me;
pub mod operator;
pub mod person;
mod refresh;
mod sign_in;
pub mod tokens;

pub use codes::new_code;
pub use sign_in::{ACCESS_TOKEN_LIFE, start};

use crate::http::{Access, Room, route};

pub fn rooms() -> Vec<Room> {
    use codes::*;
    use me::*;
    use sign_in::*;
    vec![
        Room::new(
            "Sign-in",
            [
                route!(ask_code, Access::Anyone, []),
                route!(
                    issue_tokens,
                    Access::Anyone,
                    [InvalidCode, InvalidRefreshToken, TooManyTries]
                ),
                route!(revoke_token, Access::Anyone, []),
                route!(token_keys, Access::Anyone, []),
            ],
        ),
        Room::new(
            "Me",
            [
                route!(read_me, Access::SignedIn, []),
                route!(update_me, Access::SignedIn, []),
                route!(list_my_registrations, Access::SignedIn, []),
            ],
        ),
    ]
}
