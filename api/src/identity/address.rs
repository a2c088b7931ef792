//! E-mail addresses, and what makes two of them the same person.
//!
//! An address is kept twice: as typed, to show it and to write to it, and in a canonical form,
//! on which a person is unique. This room may not look anything up or send anything, and it
//! shows no address in full unless asked by name: `Debug` prints the masked form.

use std::fmt;
use std::hash::{Hash, Hasher};

use idna::domain_to_unicode;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, MixedScript};

/// Limits of SMTP, in octets (RFC 5321, 4.5.3.1, and its erratum 1690 on the whole address).
const MAX_LOCAL: usize = 64;
const MAX_ADDRESS: usize = 254;

/// A well-formed address. Two of them are equal when their canonical forms are.
#[derive(Clone)]
pub struct EmailAddress {
    typed: String,
    canonical: String,
}

/// Why a text is refused as an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressFault {
    Invalid,
    MixedScripts,
    HiddenCharacters,
    TooLong,
}

impl EmailAddress {
    pub fn parse(raw: &str) -> Result<Self, AddressFault> {
        let typed: String = raw.trim().nfc().collect();
        if typed.chars().any(char::is_whitespace) {
            return Err(AddressFault::Invalid);
        }
        if typed.chars().any(is_hidden) {
            return Err(AddressFault::HiddenCharacters);
        }
        // Before the domain is looked at: decoding a label takes time square in its length.
        if typed.len() > MAX_ADDRESS {
            return Err(AddressFault::TooLong);
        }
        let (local, domain) = typed.rsplit_once('@').ok_or(AddressFault::Invalid)?;
        let folded = fold_local(local);
        // Folding and A-labels can both lengthen what was typed, so the limits hold for either form.
        if local.len().max(folded.len()) > MAX_LOCAL {
            return Err(AddressFault::TooLong);
        }
        check_local(&folded)?;
        let canonical = format!("{folded}@{}", canonical_domain(domain)?);
        if canonical.len() > MAX_ADDRESS {
            return Err(AddressFault::TooLong);
        }
        Ok(Self { typed, canonical })
    }

    /// As the person wrote it, for display and delivery.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The form on which a person is unique.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// As mail servers take it: the mailbox as typed, the domain in A-labels. A domain as typed wants
    /// servers that know more than ASCII, and one that reads it by older rules writes to another.
    pub fn deliverable(&self) -> String {
        let local = self.typed.rsplit_once('@').unwrap_or_default().0;
        let domain = self.canonical.rsplit_once('@').unwrap_or_default().1;
        format!("{local}@{domain}")
    }

    /// What a log may say of the address: `a***@example.org`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.canonical.rsplit_once('@').unwrap_or_default();
        let first: String = local.chars().take(1).collect();
        format!("{first}***@{domain}")
    }
}

/// A canonical address without what follows a `+`, which many mail servers deliver to one mailbox. For
/// finding likely doubles only: who someone is goes by the whole address.
pub fn without_tag(canonical: &str) -> String {
    match canonical.rsplit_once('@') {
        Some((local, domain)) => match local.split_once('+') {
            Some((mailbox, _)) if !mailbox.is_empty() => format!("{mailbox}@{domain}"),
            _ => canonical.to_owned(),
        },
        None => canonical.to_owned(),
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for EmailAddress {}

impl Hash for EmailAddress {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl AddressFault {
    /// For the test of their words.
    #[cfg(test)]
    pub const ALL: [Self; 4] = [Self::Invalid, Self::MixedScripts, Self::HiddenCharacters, Self::TooLong];

    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid_email",
            Self::MixedScripts => "email_mixed_scripts",
            Self::HiddenCharacters => "email_hidden_characters",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for AddressFault {}

/// Lower case, character by character. The final sigma is folded by hand, as it depends on its
/// place in a word; `ß` is not opened to `ss`, since those are two mailboxes to a mail server.
fn fold_local(local: &str) -> String {
    local
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfc()
        .collect()
}

/// A dot-atom: quoted local parts are legal, never met, and a way to smuggle spaces and `@`.
fn check_local(local: &str) -> Result<(), AddressFault> {
    let known = |c: char| {
        if c.is_ascii() {
            c == '.' || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
        } else {
            // Leaves out look-alikes of letters: full-width forms, ligatures, symbols.
            c.identifier_allowed()
        }
    };
    if local.split('.').any(str::is_empty) || !local.chars().all(known) {
        return Err(AddressFault::Invalid);
    }
    single_script(local)
}

fn canonical_domain(domain: &str) -> Result<String, AddressFault> {
    let ascii = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .map_err(|_| AddressFault::Invalid)?;
    // Refuses `localhost`, `192.0.2.1` and the typing error `gmail.c`.
    let (_, top) = ascii.rsplit_once('.').ok_or(AddressFault::Invalid)?;
    if top.len() < 2 || top.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AddressFault::Invalid);
    }
    // What an A-label hides is judged as if it had been typed.
    let (unicode, _) = domain_to_unicode(&ascii);
    if unicode.chars().any(is_hidden) {
        return Err(AddressFault::HiddenCharacters);
    }
    // Label by label: `пример.com` is honest, `exаmple.com` with one Cyrillic letter is not.
    unicode.split('.').try_for_each(single_script)?;
    Ok(ascii.into_owned())
}

fn single_script(text: &str) -> Result<(), AddressFault> {
    if text.is_ascii() || text.is_single_script() {
        Ok(())
    } else {
        Err(AddressFault::MixedScripts)
    }
}

/// Controls, direction marks and characters that take no room: two texts that differ only by
/// these look the same to everyone.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(raw: &str) -> String {
        EmailAddress::parse(raw).unwrap().canonical().to_owned()
    }

    fn fault(raw: &str) -> &'static str {
        EmailAddress::parse(raw).unwrap_err().code()
    }

    #[test]
    fn keeps_what_was_typed() {
        let address = EmailAddress::parse("\u{A0} Awa.Diallo@Example.ORG\n").unwrap();
        assert_eq!(address.typed(), "Awa.Diallo@Example.ORG");
        assert_eq!(address.canonical(), "awa.diallo@example.org");
    }

    #[test]
    fn is_written_to_by_a_domain_that_all_servers_read_alike() {
        for (typed, deliverable) in [
            ("Awa.Diallo@Example.ORG", "Awa.Diallo@example.org"),
            ("Élise@BÜCHER.example", "Élise@xn--bcher-kva.example"),
            // By older rules this was strasse.example, whoever has that.
            ("a@straße.example", "a@xn--strae-oqa.example"),
        ] {
            assert_eq!(EmailAddress::parse(typed).unwrap().deliverable(), deliverable);
        }
    }

    #[test]
    fn folds_case_in_every_alphabet_and_composes() {
        assert_eq!(canonical("E\u{301}LISE@example.org"), "\u{e9}lise@example.org");
        assert_eq!(canonical("ΝΙΚΟΣ@example.org"), canonical("νικος@example.org"));
        assert_eq!(canonical("ИВАН@example.org"), "иван@example.org");
        assert_eq!(canonical("a@BÜCHER.example"), "a@xn--bcher-kva.example");
        assert_eq!(canonical("a@xn--bcher-kva.example"), canonical("a@bücher.example"));
    }

    #[test]
    fn strips_neither_dots_nor_plus_parts() {
        assert_ne!(canonical("a.b@gmail.com"), canonical("ab@gmail.com"));
        assert_eq!(canonical("awa+onu@example.org"), "awa+onu@example.org");
        assert_eq!(canonical("o'neil/x=y@example.org"), "o'neil/x=y@example.org");
        assert_ne!(canonical("strasse@example.org"), canonical("straße@example.org"));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for raw in [
            "",
            "awa",
            "@example.org",
            "awa@",
            "awa@localhost",
            "awa@@example.org",
            "\"awa d\"@example.org",
            "awa d@example.org",
            "awa@[192.0.2.1]",
            "awa@192.0.2.1",
            "awa@[IPv6:2001:db8::1]",
            ".awa@example.org",
            "awa.@example.org",
            "a..b@example.org",
            "awa@example..org",
            "awa@.example.org",
            "awa@example.org.",
            "awa@-example.org",
            "awa@exam_ple.org",
            "awa@gmail.c",
            "Awa <awa@example.org>",
            "mailto:awa@example.org",
            "a@example.org;b@example.org",
            "a@example.org\nb@example.org",
            "awa@xn--.org",
            "ａｗａ@example.org",
            "awa＠example.org",
            "a(b)@example.org",
        ] {
            assert_eq!(fault(raw), "invalid_email", "{raw:?}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_seen() {
        for raw in [
            "a\u{200B}wa@example.org",
            "awa@exam\u{200D}ple.org",
            "\u{202E}awa@example.org",
            "awa@example.org\u{FEFF}",
            "a\u{0}wa@example.org",
            "a\u{AD}wa@example.org",
            "awa\u{7F}@example.org",
            "\u{E0041}awa@example.org",
            "a\u{FE0F}wa@example.org",
        ] {
            assert_eq!(fault(raw), "email_hidden_characters", "{raw:?}");
        }
    }

    #[test]
    fn refuses_mixed_scripts() {
        for raw in [
            "\u{430}wa@example.org",
            "awa@ex\u{430}mple.org",
            "awa\u{3BF}@example.org",
        ] {
            assert_eq!(fault(raw), "email_mixed_scripts", "{raw:?}");
        }
        let a_label = idna::domain_to_ascii("ex\u{430}mple.org").unwrap();
        assert_eq!(fault(&format!("awa@{a_label}")), "email_mixed_scripts");
        // One script each is no mixture.
        assert!(EmailAddress::parse("иван@пример.com").is_ok());
        assert!(EmailAddress::parse("élise2020@example.org").is_ok());
    }

    #[test]
    fn holds_the_limits_of_mail() {
        let label = "d".repeat(61);
        assert!(EmailAddress::parse(&format!("{}@example.org", "a".repeat(64))).is_ok());
        assert_eq!(fault(&format!("{}@example.org", "a".repeat(65))), "too_long");
        // 64 + 1 + 189 octets.
        let longest = format!("{}@{label}.{label}.{label}.org", "a".repeat(64));
        assert_eq!(longest.len(), 254);
        assert!(EmailAddress::parse(&longest).is_ok());
        assert_eq!(fault(&format!("{longest}x")), "too_long");
        assert_eq!(fault(&format!("awa@{}", "é".repeat(1_000_000))), "too_long");
    }

    #[test]
    fn is_masked_in_logs() {
        let address = EmailAddress::parse("Awa.Diallo@example.org").unwrap();
        assert_eq!(address.masked(), "a***@example.org");
        assert_eq!(format!("{address:?}"), "a***@example.org");
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent(raw in r"[\PC.+]{1,12}@[\PC]{1,8}\.(org|ORG|gn|рф)") {
            if let Ok(once) = EmailAddress::parse(&raw) {
                let twice = EmailAddress::parse(once.canonical());
                prop_assert_eq!(twice.as_ref().map(EmailAddress::canonical), Ok(once.canonical()));
            }
        }

        #[test]
        fn latin_addresses_pass_whatever_their_case(
            local in "[a-zà-öA-ZÀ-Ö0-9_+]{1,20}", domain in "[a-zé]{1,10}\\.[a-z]{2,5}",
        ) {
            let lower = EmailAddress::parse(&format!("{}@{domain}", local.to_lowercase()));
            let upper = EmailAddress::parse(&format!("{}@{}", local.to_uppercase(), domain.to_uppercase()));
            prop_assert!(lower.is_ok());
            prop_assert_eq!(lower, upper);
        }

        #[test]
        fn never_panics(raw in any::<String>(), local in "\\PC{0,70}", domain in "\\PC{0,70}") {
            drop(EmailAddress::parse(&raw));
            drop(EmailAddress::parse(&format!("{local}@{domain}")));
        }
    }
}
