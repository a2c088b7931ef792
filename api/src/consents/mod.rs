//! Consent: the instance's text on personal data in numbered versions, and who has consented to
//! which.
//!
//! The text is the administrators' own, word for word; Palabre brings none, and asks nobody as long
//! as there is none. A version is never changed; a consent is only withdrawn, and stays as such until
//! the person erases themself. Nothing here refuses anyone anything: what follows from a consent that
//! is missing is for front-ends and organisers to say.

pub mod given;
pub mod texts;

pub use given::{Consent, ConsentInput, ExportedConsent, change, forget, of_person, standing, wanted};
pub use texts::current_number;

use crate::http::{Access, Room, route};

pub fn room() -> Room {
    Room::new(
        "Consent",
        [
            // Read before one consents, so before one signs in.
            route!(texts::list_consent_texts, Access::Anyone, []),
            route!(texts::create_consent_text, Access::Administrator, []),
            route!(texts::read_consent_text, Access::Anyone, []),
        ],
    )
}
