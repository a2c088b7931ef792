//! Words for the faults of spreadsheets, addresses and images; same table, another page.

pub const FAULTS: &[(&str, &str, &str)] = &[
    // A roster as a whole
    (
        "empty_file",
        "Ce fichier est vide. Indiquez les colonnes sur la première ligne, puis une personne par ligne.",
        "This file is empty. Name the columns on the first line, then put one person per line.",
    ),
    (
        "not_csv",
        "Ce fichier n'est pas du CSV. Dans votre tableur, choisissez « Enregistrer sous », puis CSV.",
        "This file is not CSV. In your spreadsheet, choose \"Save as\", then CSV.",
    ),
    (
        "unreadable_csv",
        "Un guillemet ouvert vers la ligne {line} n'est jamais refermé.",
        "A quotation mark opened near line {line} is never closed.",
    ),
    (
        "damaged_characters",
        "Certains caractères de ce fichier sont abîmés. Enregistrez-le de nouveau en CSV UTF-8.",
        "Some characters of this file are damaged. Please save it again as CSV UTF-8.",
    ),
    (
        "missing_email_column",
        "Aucune colonne d'adresses : nommez-en une « Courriel » sur la première ligne.",
        "There is no column of addresses: name one \"Email\" on the first line.",
    ),
    (
        "duplicate_column",
        "La colonne « {header} » dit la même chose qu'une autre. Gardez-en une seule.",
        "The column \"{header}\" holds the same thing as another. Please keep only one.",
    ),
    (
        "too_many_rows",
        "Ce fichier dépasse 20 000 lignes. Partagez-le en plusieurs fichiers.",
        "This file has more than 20,000 rows. Please split it into several files.",
    ),
    // Its lines
    (
        "unknown_role",
        "Rôle « {value} » inconnu : organisateur, facilitateur, participant ou auditeur.",
        "Unknown role \"{value}\": use organiser, facilitator, participant or auditor.",
    ),
    (
        "unknown_category",
        "La catégorie « {value} » n'est pas connue. Le modèle à télécharger peut vous aider.",
        "The category \"{value}\" is not known. The template to download may help.",
    ),
    (
        "unknown_language",
        "La langue « {value} » n'est pas proposée. Écrivez « fr » ou « en ».",
        "The language \"{value}\" is not offered. Write \"fr\" or \"en\".",
    ),
    (
        "not_yes_or_no",
        "« {value} » n'est pas une réponse par oui ou non.",
        "\"{value}\" is neither yes nor no.",
    ),
    (
        "duplicate_email",
        "Cette adresse figure déjà à la ligne {value}.",
        "This address already appears on line {value}.",
    ),
    (
        "two_delegates",
        "Cette organisation a déjà une personne déléguée, à la ligne {value}.",
        "This organisation already has a delegate, on line {value}.",
    ),
    (
        "too_many_fields",
        "Cette ligne a plus de cases que l'en-tête, à partir de « {value} ». Un guillemet manque peut-être.",
        "This line has more cells than the header, from \"{value}\" on. A quotation mark may be missing.",
    ),
    (
        "delegate_exists",
        "Cette organisation a déjà une personne déléguée dans l'atelier.",
        "This organisation already has a delegate in the workshop.",
    ),
    (
        "organiser_keeps_role",
        "Cette personne organise l'atelier ; un fichier ne change pas son rôle.",
        "This person organises the workshop; a file does not change their role.",
    ),
    (
        "other_category",
        "Cette organisation est déjà dans une autre catégorie : {value}.",
        "This organisation is already in another category: {value}.",
    ),
    // Addresses
    (
        "invalid_email",
        "Ce n'est pas une adresse électronique complète.",
        "This is not a complete e-mail address.",
    ),
    (
        "email_mixed_scripts",
        "Cette adresse mêle plusieurs alphabets. Retapez-la au clavier.",
        "This address mixes several alphabets. Please type it again by hand.",
    ),
    (
        "email_hidden_characters",
        "Cette adresse contient des caractères invisibles. Retapez-la au clavier.",
        "This address contains invisible characters. Please type it again by hand.",
    ),
    // Invitations
    (
        "not_invited",
        "Cette personne n'est pas invitée : sa demande attend une réponse, ou a été retirée.",
        "This person is not invited: their request awaits an answer, or was withdrawn.",
    ),
];
