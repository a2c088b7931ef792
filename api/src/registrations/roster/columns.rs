//! Which column holds what, by the words people write above them.

use csv::StringRecord;

use super::RosterFault;
use super::text::{key, shorten, tidy};

/// Further headers are not read: a hostile file could hold millions.
pub(super) const MAX_COLUMNS: usize = 1_000;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Email,
    /// `nom`: the whole name, or the family name where another column holds the first name.
    Name,
    FullName,
    FirstName,
    LastName,
    Role,
    Organisation,
    Category,
    Delegate,
    Language,
}

impl Field {
    /// The name under which a fault is reported.
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Name | Self::FullName | Self::FirstName | Self::LastName => "name",
            Self::Role => "role",
            Self::Organisation => "organisation",
            Self::Category => "category",
            Self::Delegate => "delegate",
            Self::Language => "language",
        }
    }

    fn named(header: &str) -> Option<Self> {
        Some(match key(header).as_str() {
            "email"
            | "mail"
            | "mel"
            | "courriel"
            | "adressemail"
            | "adresseemail"
            | "adresseelectronique"
            | "adressecourriel"
            | "adressedecourriel"
            | "adressedemessagerie"
            | "emails"
            | "mails"
            | "emailprofessionnel"
            | "mailprofessionnel"
            | "courrielprofessionnel"
            | "adresseemailprofessionnelle"
            | "adressemailprofessionnelle"
            | "workemail"
            | "useremail"
            | "emailaddress" => Self::Email,
            "name" | "nom" | "noms" => Self::Name,
            "fullname" | "nomcomplet" | "nometprenom" | "nometprenoms" | "nomsetprenoms" | "nomprenom"
            | "nomprenoms" | "nomsprenoms" | "prenometnom" | "prenomsetnom" | "prenomsetnoms" | "prenomnom" => {
                Self::FullName
            }
            "firstname" | "givenname" | "prenom" | "prenoms" => Self::FirstName,
            "lastname" | "familyname" | "surname" | "nomdefamille" => Self::LastName,
            "role" => Self::Role,
            "organisation"
            | "organization"
            | "organisme"
            | "structure"
            | "institution"
            | "entite"
            | "societe"
            | "affiliation"
            | "organisationstructure"
            | "structureorganisation"
            | "organismestructure"
            | "structureorganisme"
            | "institutionorganisation"
            | "organisationinstitution"
            | "nomdelorganisation"
            | "nomdelastructure"
            | "organisationname"
            | "organizationname" => Self::Organisation,
            "category" | "categorie" | "categoriedacteur" | "categoriedacteurs" | "typedorganisation"
            | "typedestructure" | "organisationtype" | "organizationtype" => Self::Category,
            "delegate" | "delegue" | "deleguee" => Self::Delegate,
            "language" | "langue" => Self::Language,
            _ => return None,
        })
    }
}

pub(super) struct Columns {
    places: Vec<(Field, usize)>,
    pub(super) ignored: Vec<String>,
    /// Those without a header, which are columns only if something stands in them.
    pub(super) unnamed: Vec<usize>,
    /// Cells beyond the last header belong to nothing.
    pub(super) width: usize,
}

impl Columns {
    pub(super) fn recognised(header: &StringRecord) -> usize {
        header
            .iter()
            .take(MAX_COLUMNS)
            .filter(|cell| Field::named(cell).is_some())
            .count()
    }

    /// Which of these cells stands above addresses, if they are a header.
    pub(super) fn of_addresses(header: &StringRecord) -> Option<usize> {
        let mut cells = header.iter().take(MAX_COLUMNS);
        cells.position(|cell| Field::named(cell) == Some(Field::Email))
    }

    pub(super) fn find(header: &StringRecord) -> Result<Self, RosterFault> {
        let width = header
            .iter()
            .take(MAX_COLUMNS)
            .enumerate()
            .filter(|(_, cell)| !cell.trim().is_empty())
            .last()
            .map_or(0, |(last, _)| last + 1);
        let mut columns = Self {
            places: Vec::new(),
            ignored: Vec::new(),
            unnamed: Vec::new(),
            width,
        };
        for (index, cell) in header.iter().take(width).enumerate() {
            let shown = tidy(cell);
            if shown.is_empty() {
                columns.unnamed.push(index);
                continue;
            }
            let shown = shorten(&shown);
            match Field::named(cell) {
                None => columns.ignored.push(shown),
                Some(field) if columns.has(field) => {
                    return Err(RosterFault::DuplicateColumn(shown));
                }
                Some(field) => columns.places.push((field, index)),
            }
        }
        if columns.has(Field::Email) {
            Ok(columns)
        } else {
            Err(RosterFault::MissingEmailColumn)
        }
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.place(field).is_some()
    }

    /// The cell as it stands, empty where the column or the cell is missing.
    pub(super) fn cell<'c>(&self, field: Field, cells: &'c StringRecord) -> &'c str {
        self.place(field)
            .and_then(|index| cells.get(index))
            .map_or("", |cell| cell.trim())
    }

    /// Whether anything is read from the column of this index.
    pub(super) fn reads(&self, index: usize) -> bool {
        self.places.iter().any(|(_, place)| *place == index)
    }

    fn place(&self, field: Field) -> Option<usize> {
        self.places
            .iter()
            .find(|(known, _)| *known == field)
            .map(|(_, index)| *index)
    }
}
