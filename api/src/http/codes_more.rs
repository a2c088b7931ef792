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
        "Ce fichier n'est ni du CSV ni un classeur XLSX. Dans votre tableur, choisissez « Enregistrer sous », puis l'un des deux.",
        "This file is neither CSV nor an XLSX workbook. In your spreadsheet, choose \"Save as\", then one of the two.",
    ),
    (
        "damaged_workbook",
        "Ce classeur est abîmé ou incomplet. Ouvrez-le dans votre tableur, enregistrez-le de nouveau en XLSX, puis réessayez.",
        "This workbook is damaged or incomplete. Open it in your spreadsheet, save it again as XLSX, then retry.",
    ),
    (
        "encrypted_workbook",
        "Ce classeur est protégé par un mot de passe. Enregistrez-en une copie sans mot de passe.",
        "This workbook is protected by a password. Please save a copy without it.",
    ),
    (
        "unsupported_workbook",
        "Ce classeur n'est pas au format XLSX (c'est peut-être du XLS, XLSB ou ODS). Enregistrez-le en XLSX ou en CSV.",
        "This workbook is not XLSX (it may be XLS, XLSB or ODS). Please save it as XLSX or CSV.",
    ),
    (
        "workbook_too_large",
        "Ce classeur est trop grand une fois décompressé. Gardez-y la seule feuille des inscriptions, ou enregistrez-la en CSV.",
        "This workbook is too large once unpacked. Keep only the sheet of registrations, or save that as CSV.",
    ),
    (
        "unknown_sheet",
        "Ce fichier n'a pas de feuille de ce nom.",
        "This file has no sheet of that name.",
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
    // Warnings of an import
    (
        "same_name",
        "Quelqu'un d'autre a le même nom et la même organisation : peut-être la même personne.",
        "Someone else has the same name and organisation: perhaps the same person.",
    ),
    (
        "plus_alias",
        "Quelqu'un d'autre a la même adresse, à ce qui suit le « + » près : sans doute la même personne.",
        "Someone else has the same address but for what follows the \"+\": most likely the same person.",
    ),
    (
        "merged",
        "L'inscription de cette adresse a été réunie à une autre ; cette ligne ne change rien.",
        "The registration of this address was merged into another; this line changes nothing.",
    ),
    (
        "same_registration",
        "C'est l'inscription elle-même ; indiquez l'autre.",
        "This is the registration itself; name the other one.",
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
