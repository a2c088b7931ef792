//! Every problem Palabre can answer: code, status, and its words in French and English.
//!
//! A code never changes its meaning and is never translated. `{name}` in a text is replaced by the
//! parameter of that name.

use super::language::Language;

macro_rules! codes {
    ($($name:ident $status:literal $code:literal
        $title_fr:literal $detail_fr:literal
        $title_en:literal $detail_en:literal;)*) => {
        #[expect(clippy::enum_variant_names, reason = "an invalid code is just that")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($name),* }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// Title and detail.
            pub fn words(self, language: Language) -> (&'static str, &'static str) {
                match (self, language) {
                    $((Code::$name, Language::Fr) => ($title_fr, $detail_fr),
                      (Code::$name, Language::En) => ($title_en, $detail_en),)*
                }
            }
        }
    };
}

codes! {
    // The request itself
    MalformedJson 400 "malformed_json"
        "JSON illisible" "Le corps de la requête n'est pas du JSON valide (ligne {line}, colonne {column})."
        "Unreadable JSON" "The body is not valid JSON (line {line}, column {column}).";
    MalformedPath 400 "malformed_path"
        "Adresse mal formée" "Un identifiant de l'adresse n'a pas la forme attendue."
        "Malformed path" "An identifier in the path does not have the expected form.";
    MalformedQuery 400 "malformed_query"
        "Paramètres mal formés" "Un paramètre de la requête est inconnu ou n'a pas la forme attendue."
        "Malformed query" "A query parameter is unknown or does not have the expected form.";
    MalformedBody 400 "malformed_body"
        "Corps illisible" "Le corps de la requête n'a pas pu être lu en entier."
        "Unreadable body" "The body of the request could not be read to its end.";
    MalformedRequest 400 "malformed_request"
        "Requête mal formée" "La requête n'a pas pu être comprise."
        "Malformed request" "The request could not be understood.";
    SignInRequired 401 "sign_in_required"
        "Connexion requise" "Connectez-vous : cette requête demande un jeton d'accès valide."
        "Sign-in required" "Sign in: this request needs a valid access token.";
    InvalidCode 401 "invalid_code"
        "Code refusé" "Ce code est inconnu, déjà utilisé ou expiré. Demandez-en un nouveau."
        "Code refused" "This code is unknown, used or expired. Ask for a new one.";
    InvalidRefreshToken 401 "invalid_refresh_token"
        "Session terminée" "Ce jeton de renouvellement n'est plus valable. Reconnectez-vous avec un code."
        "Signed out" "This refresh token is no longer valid. Sign in again with a code.";
    NotAllowed 403 "not_allowed"
        "Action réservée" "Votre rôle dans cet atelier ne permet pas cette action."
        "Not allowed" "Your role in this workshop does not allow this.";
    MailSignInRequired 403 "mail_sign_in_required"
        "Code reçu par courriel requis" "Vous êtes entré avec un code remis en main propre : il ouvre votre atelier, mais ni ses scrutins, ni votre compte. Connectez-vous avec un code reçu par courriel."
        "Code from the mail required" "You came in with a code handed to you in person: it opens your workshop, but neither its ballots nor your account. Sign in with a code from the mail.";
    NotOnRoll 403 "not_on_roll"
        "Pas sur la liste électorale" "Vous n'êtes pas sur la liste électorale de ce scrutin, arrêtée à son ouverture."
        "Not on the roll" "You are not on the electoral roll of this ballot, which was frozen at its opening.";
    NotDelegate 403 "not_delegate"
        "Pas délégué" "Seule la personne déléguée de l'organisation peut s'engager en son nom."
        "Not the delegate" "Only the delegate of the organisation can pledge on its behalf.";
    NotFound 404 "not_found"
        "Introuvable" "Cette ressource n'existe pas, ou ne vous est pas accessible."
        "Not found" "This resource does not exist, or is not yours to know.";
    MethodNotAllowed 405 "method_not_allowed"
        "Méthode non permise" "Cette adresse n'accepte que : {allow}."
        "Method not allowed" "This address only takes: {allow}.";
    NotAcceptable 406 "not_acceptable"
        "Format non disponible" "Cette ressource n'existe pas dans le format demandé. Formats possibles : {formats}."
        "Not acceptable" "This resource is not available in the requested format. Available: {formats}.";
    RequestTimeout 408 "request_timeout"
        "Requête trop lente" "La requête n'est pas arrivée à temps. Réessayez."
        "Request timeout" "The request did not arrive in time. Try again.";

    // State
    WrongState 409 "wrong_state"
        "État incompatible" "Cette action n'est pas possible dans l'état actuel : {state}."
        "Wrong state" "This is not possible in the present state: {state}.";
    WorkshopNotDraft 409 "workshop_not_draft"
        "Atelier déjà publié" "Seul un atelier en préparation peut être supprimé ; celui-ci est : {state}."
        "Workshop not in draft" "Only a draft workshop can be deleted; this one is {state}.";
    WorkshopNotPublished 409 "workshop_not_published"
        "Atelier non publié" "Cette action demande un atelier publié ; celui-ci est : {state}."
        "Workshop not published" "This needs a published workshop; this one is {state}.";
    WorkshopArchived 409 "workshop_archived"
        "Atelier archivé" "Cet atelier est archivé : il se consulte mais ne change plus."
        "Workshop archived" "This workshop is archived: it can be read but no longer changes.";
    WorkshopNotEmpty 409 "workshop_not_empty"
        "Atelier non vide" "Cet atelier contient déjà une coalition ou un scrutin et ne peut plus être supprimé."
        "Workshop not empty" "This workshop already holds a coalition or a ballot and can no longer be deleted.";
    SelfRegistrationClosed 403 "self_registration_closed"
        "Inscription sur invitation" "Cet atelier n'est ouvert qu'aux personnes invitées."
        "By invitation only" "This workshop is open to invited people only.";
    OrganisationInUse 409 "organisation_in_use"
        "Organisation utilisée" "Des inscriptions ou des adhésions se réfèrent à cette organisation."
        "Organisation in use" "Registrations or pledges refer to this organisation.";
    OrganisationExists 409 "organisation_exists"
        "Organisation déjà présente" "Une autre organisation de l'atelier porte déjà ce nom."
        "Organisation exists" "Another organisation of the workshop already has this name.";
    DelegateExists 409 "delegate_exists"
        "Délégué déjà désigné" "Cette organisation a déjà une personne déléguée."
        "Delegate exists" "This organisation already has a delegate.";
    RegistrationInUse 409 "registration_in_use"
        "Inscription utilisée" "Cette inscription a déjà des présences, adhésions ou engagements ; elle ne peut plus être supprimée."
        "Registration in use" "This registration already has attendance, pledges or commitments; it can no longer be deleted.";
    RegistrationOnOpenRoll 409 "registration_on_open_roll"
        "Sur une liste électorale en cours" "Une inscription concernée est sur la liste électorale d'un scrutin qui n'est pas encore dépouillé. Attendez le dépouillement."
        "On the roll of an open ballot" "A registration that this concerns is on the roll of a ballot that is not counted yet. Wait for the count.";
    OrganiserAndAuditor 409 "organiser_and_auditor"
        "Organiser et contrôler" "L'une de ces inscriptions organise l'atelier, l'autre le contrôle : elles ne peuvent pas être réunies."
        "Organiser and auditor" "One of these registrations organises the workshop, the other audits it: they cannot be merged.";
    PersonErased 409 "person_erased"
        "Données effacées" "L'une de ces personnes a effacé ses données ; ce qu'elle a fait ne porte plus de nom."
        "Data erased" "One of these people has erased their data; what they did bears no name any more.";
    InPersonNotPossible 409 "in_person_not_possible"
        "Pas de code à remettre" "Un code à remettre en main propre n'est fait que pour une personne invitée ou confirmée comme participante."
        "No in-person code" "An in-person code is made only for someone invited or confirmed as a participant.";
    TooManyInPersonCodes 409 "too_many_in_person_codes"
        "Trop de codes en attente" "Cet atelier a déjà {max} codes remis en main propre et pas encore utilisés. Attendez qu'ils servent ou expirent."
        "Too many codes waiting" "This workshop already has {max} in-person codes that are not used yet. Wait until they are used or expire.";
    RegistrationNotConfirmed 409 "registration_not_confirmed"
        "Participation non confirmée" "Confirmez d'abord votre participation à l'atelier."
        "Registration not confirmed" "Confirm your registration for the workshop first.";
    LastOrganiser 409 "last_organiser"
        "Dernier organisateur" "Un atelier garde toujours au moins une personne organisatrice."
        "Last organiser" "A workshop always keeps at least one organiser.";
    OrganiserAsAuditor 409 "organiser_as_auditor"
        "Contrôle de son propre atelier" "Vous organisez cet atelier : vous ne pouvez pas vous en faire auditeur vous-même."
        "Auditing one's own workshop" "You organise this workshop: you cannot make yourself its auditor.";
    SessionNotRunning 409 "session_not_running"
        "Séance pas en cours" "Cette séance n'est pas en cours ; elle est prévue de {starts_at} à {ends_at}."
        "Session not running" "This session is not running; it is planned from {starts_at} to {ends_at}.";
    SessionInUse 409 "session_in_use"
        "Séance avec présences" "Des présences sont enregistrées pour cette séance ; annulez-la plutôt que de la supprimer."
        "Session has attendance" "Attendance is recorded for this session; cancel it rather than delete it.";
    NotCheckedIn 409 "not_checked_in"
        "Pas d'arrivée enregistrée" "Aucune arrivée n'est enregistrée pour cette séance."
        "Not checked in" "No check-in is recorded for this session.";
    AttendanceExists 409 "attendance_exists"
        "Présence déjà enregistrée" "Cet intervalle est déjà enregistré pour cette personne."
        "Attendance exists" "This interval is already recorded for this person.";
    CoalitionExists 409 "coalition_exists"
        "Coalition déjà présente" "L'atelier a déjà une coalition de ce nom."
        "Coalition exists" "The workshop already has a coalition of this name.";
    CharterMissing 409 "charter_missing"
        "Pas encore de charte" "La coalition n'a pas encore de charte à laquelle adhérer."
        "No charter yet" "The coalition has no charter to adhere to yet.";
    WorkingGroupFull 409 "working_group_full"
        "Groupe complet" "Ce groupe de travail est complet ({capacity} places). Vous pouvez demander la liste d'attente."
        "Working group full" "This working group is full ({capacity} places). You may ask for the waiting list.";
    WorkingGroupExists 409 "working_group_exists"
        "Groupe déjà présent" "La coalition a déjà un groupe de travail de ce nom."
        "Working group exists" "The coalition already has a working group of this name.";
    WorkingGroupInUse 409 "working_group_in_use"
        "Groupe avec engagements" "Des personnes se sont engagées dans ce groupe ; il ne peut pas être supprimé."
        "Working group in use" "People have committed to this group; it cannot be deleted.";
    CapacityBelowCommitments 409 "capacity_below_commitments"
        "Capacité trop petite" "Ce groupe compte déjà {committed} personnes engagées."
        "Capacity too small" "This group already has {committed} people committed.";

    // Ballots
    BallotNotDraft 409 "ballot_not_draft"
        "Scrutin déjà ouvert" "Un scrutin ne se modifie qu'en préparation ; celui-ci est : {state}."
        "Ballot not in draft" "A ballot can only be changed in draft; this one is {state}.";
    BallotNotOpen 409 "ballot_not_open"
        "Scrutin non ouvert" "Cela ne se fait que pendant le vote ; ce scrutin est : {state}."
        "Ballot not open" "This is possible during the voting only; this ballot is {state}.";
    BallotNotClosed 409 "ballot_not_closed"
        "Scrutin non clos" "Il n'y a de résultat qu'après la clôture ; ce scrutin est : {state}."
        "Ballot not closed" "There is a result after the closing only; this ballot is {state}.";
    BallotCounting 409 "ballot_counting"
        "Dépouillement en cours" "Le dépouillement est en cours. Réessayez dans un instant."
        "Counting" "The votes are being counted. Try again in a moment.";
    BallotCountFailed 409 "ballot_count_failed"
        "Dépouillement arrêté" "Le dépouillement s'est arrêté sur une anomalie ({why}) ; rien n'a été perdu ni modifié."
        "Count stopped" "The count stopped on an anomaly ({why}); nothing was lost or changed.";
    BallotNeedsCandidates 409 "ballot_needs_candidates"
        "Pas assez de candidats" "Il faut au moins deux candidats pour ouvrir un scrutin."
        "Not enough candidates" "A ballot needs at least two candidates to open.";
    BallotNeedsLogos 409 "ballot_needs_logos"
        "Logos manquants" "Chaque candidat d'un scrutin de logo doit avoir son image. Il manque : {names}."
        "Logos missing" "Each candidate of a logo ballot needs its image. Missing: {names}.";
    BallotNeedsVoters 409 "ballot_needs_voters"
        "Liste électorale vide" "Personne ne remplit les conditions de vote ; le scrutin ne peut pas s'ouvrir."
        "Empty roll" "Nobody meets the eligibility rule; the ballot cannot open.";
    BallotSmallRoll 409 "ballot_small_roll"
        "Très petite liste électorale" "Avec {roll} personnes sur la liste, le résultat peut révéler des votes. Confirmez par \"confirm_small\": true."
        "Very small roll" "With {roll} people on the roll the result can betray votes. Confirm with \"confirm_small\": true.";
    BallotClosingPassed 409 "ballot_closing_passed"
        "Clôture déjà passée" "L'heure de clôture prévue est déjà passée ; changez-la avant d'ouvrir."
        "Closing time passed" "The planned closing time has passed; change it before opening.";
    BallotWithoutClosing 409 "ballot_without_closing"
        "Pas d'heure de clôture" "Ce scrutin n'a pas d'heure de clôture prévue ; il reste ouvert jusqu'à ce que vous le fermiez."
        "No closing time" "This ballot has no planned closing time; it stays open until you close it.";
    BallotWithoutTie 409 "ballot_without_tie"
        "Pas d'égalité" "Ce scrutin ne s'est pas terminé par une égalité ; il n'y a pas lieu de départager."
        "No tie" "This ballot did not end in a tie; there is nobody to run off between.";
    CandidateExists 409 "candidate_exists"
        "Candidat déjà présent" "Un autre candidat de ce scrutin porte déjà ce nom."
        "Candidate exists" "Another candidate of this ballot already has this name.";
    AlreadyVoted 409 "already_voted"
        "Vote déjà enregistré" "Votre vote est déjà enregistré et ne peut plus changer."
        "Already voted" "Your vote is already recorded and can no longer change.";

    // Conditions and contents
    StaleEtag 412 "stale_etag"
        "Version dépassée" "La ressource a changé depuis votre lecture. Relisez-la, puis réessayez."
        "Stale version" "The resource has changed since you read it. Read it again, then retry.";
    TooLarge 413 "too_large"
        "Envoi trop volumineux" "Le corps de la requête dépasse {limit} octets."
        "Too large" "The body of the request exceeds {limit} bytes.";
    UriTooLong 414 "uri_too_long"
        "Adresse trop longue" "L'adresse de la requête est trop longue."
        "URI too long" "The address of the request is too long.";
    UnsupportedMediaType 415 "unsupported_media_type"
        "Type de contenu non pris en charge" "Cette requête attend : {expected}."
        "Unsupported media type" "This request expects: {expected}.";
    Invalid 422 "invalid"
        "Données refusées" "Certaines données ne conviennent pas ; voir « errors ». Rien n'a été enregistré."
        "Invalid data" "Some of the data is not acceptable; see \"errors\". Nothing was stored.";
    InvalidImage 422 "invalid_image"
        "Image refusée" "Cette image ne peut pas servir de logo ; voir « errors ». Rien n'a été enregistré."
        "Image refused" "This image cannot serve as a logo; see \"errors\". Nothing was stored.";
    InvalidRoster 422 "invalid_roster"
        "Liste refusée" "Certaines lignes de la liste ne conviennent pas ; voir « errors ». Rien n'a été enregistré."
        "Roster refused" "Some lines of the roster are not acceptable; see \"errors\". Nothing was stored.";
    EtagRequired 428 "etag_required"
        "Version requise" "Indiquez dans « If-Match » l'etag de la version que vous modifiez."
        "Version required" "Give the etag of the version you are changing in \"If-Match\".";
    TooManyTries 429 "too_many_tries"
        "Trop d'essais" "Trop de codes erronés. Réessayez dans {minutes} minutes."
        "Too many tries" "Too many wrong codes. Try again in {minutes} minutes.";
    TooManyRequests 429 "too_many_requests"
        "Trop de demandes" "Trop de demandes arrivent de votre réseau. Réessayez dans {seconds} secondes."
        "Too many requests" "Too many requests come from your network. Try again in {seconds} seconds.";
    HeadersTooLarge 431 "headers_too_large"
        "En-têtes trop volumineux" "Les en-têtes de la requête sont trop volumineux."
        "Headers too large" "The headers of the request are too large.";
    Internal 500 "internal"
        "Erreur interne" "Une erreur est survenue de notre côté. Rien n'a été enregistré."
        "Internal error" "Something went wrong on our side. Nothing was stored.";
    Unavailable 503 "unavailable"
        "Momentanément indisponible" "Le service est momentanément saturé ou redémarre. Réessayez dans un instant : un envoi répété est sans danger."
        "Temporarily unavailable" "The service is momentarily busy or restarting. Try again in a moment: sending again is safe.";
}

/// What can be wrong with one field: code, French, English.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "not_a_prefix",
        "Indiquez les 2 à 6 premiers chiffres hexadécimaux de l'empreinte.",
        "Give the first 2 to 6 hexadecimal digits of the hash.",
    ),
    (
        "not_later",
        "La clôture ne peut qu'être reportée à plus tard.",
        "The closing can only be moved later.",
    ),
    ("required", "Ce champ est obligatoire.", "This field is required."),
    (
        "unknown_field",
        "Ce champ n'existe pas ici.",
        "This field does not exist here.",
    ),
    (
        "duplicate_field",
        "Ce champ est donné deux fois.",
        "This field is given twice.",
    ),
    (
        "wrong_type",
        "Le type de cette valeur ne convient pas.",
        "This value has the wrong type.",
    ),
    (
        "unknown_value",
        "Cette valeur n'est pas prévue ici.",
        "This value is not among those known here.",
    ),
    ("not_a_uuid", "Ce n'est pas un identifiant UUID.", "This is not a UUID."),
    (
        "not_an_instant",
        "Ce n'est pas un instant RFC 3339 avec décalage, comme 2020-08-27T09:00:00Z.",
        "This is not an RFC 3339 instant with an offset, such as 2020-08-27T09:00:00Z.",
    ),
    (
        "not_a_day",
        "Ce n'est pas un jour du calendrier, comme 2020-08-27.",
        "This is not a day of the calendar, such as 2020-08-27.",
    ),
    (
        "unknown_time_zone",
        "Ce fuseau horaire est inconnu ; attendu par exemple Africa/Conakry.",
        "This time zone is unknown; expected for example Africa/Conakry.",
    ),
    (
        "not_a_url",
        "Ce n'est pas une adresse http ou https.",
        "This is not an http or https address.",
    ),
    (
        "too_short",
        "Trop court : au moins {min} caractère(s).",
        "Too short: at least {min} character(s).",
    ),
    (
        "too_long",
        "Trop long : au plus {max} caractères.",
        "Too long: at most {max} characters.",
    ),
    (
        "too_many",
        "Trop d'éléments : au plus {max}.",
        "Too many items: at most {max}.",
    ),
    (
        "too_small",
        "Trop petit : au moins {min}.",
        "Too small: at least {min}.",
    ),
    ("too_large", "Trop grand : au plus {max}.", "Too large: at most {max}."),
    (
        "control_characters",
        "Les caractères de contrôle ne sont pas admis.",
        "Control characters are not accepted.",
    ),
    ("blank", "Ce texte est vide.", "This text is blank."),
    (
        "days_reversed",
        "Le dernier jour précède le premier.",
        "The last day is before the first.",
    ),
    (
        "too_many_days",
        "Un atelier dure au plus {max} jours.",
        "A workshop lasts at most {max} days.",
    ),
    (
        "sessions_outside",
        "Des séances existantes sortiraient des jours de l'atelier.",
        "Existing sessions would fall outside the workshop's days.",
    ),
    (
        "outside_workshop",
        "Hors des jours de l'atelier ({first_day} – {last_day}, {time_zone}).",
        "Outside the workshop's days ({first_day} – {last_day}, {time_zone}).",
    ),
    (
        "ends_before_start",
        "La fin doit suivre le début.",
        "The end must be after the start.",
    ),
    (
        "outside_session",
        "Cet intervalle ne touche pas la séance ({from} – {to}).",
        "This interval does not touch the session ({from} – {to}).",
    ),
    (
        "in_the_future",
        "Cet instant est dans l'avenir.",
        "This instant is in the future.",
    ),
    (
        "not_of_this_workshop",
        "Inconnu dans cet atelier.",
        "Unknown in this workshop.",
    ),
    (
        "category_with_organisation",
        "La catégorie est celle de l'organisation ; n'en donnez pas une autre.",
        "The category is that of the organisation; do not give another.",
    ),
    (
        "delegate_needs_organisation",
        "Une personne déléguée parle pour une organisation ; indiquez laquelle.",
        "A delegate speaks for an organisation; say which.",
    ),
    (
        "wrong_code",
        "Ce code d'arrivée n'est pas celui de la séance.",
        "This check-in code is not that of the session.",
    ),
    (
        "not_a_check_in_code",
        "Un code d'arrivée compte de 4 à 20 lettres sans accent ou chiffres.",
        "A check-in code is 4 to 20 unaccented letters or digits.",
    ),
    (
        "not_a_member",
        "Cette personne n'est pas membre de l'atelier : sa demande attend une réponse, ou elle a décliné.",
        "This person is not a member of the workshop: their request awaits an answer, or they declined.",
    ),
    (
        "unknown_charter",
        "Cette version de la charte n'existe pas.",
        "This version of the charter does not exist.",
    ),
    (
        "superseded_charter",
        "Une version plus récente de la charte l'a remplacée ; la version actuelle est la {current}.",
        "A later version of the charter has replaced it; the current one is {current}.",
    ),
    (
        "unknown_consent_text",
        "Cette version du texte n'existe pas dans cette langue.",
        "This version of the text does not exist in this language.",
    ),
    (
        "superseded_consent_text",
        "Une version plus récente du texte l'a remplacée ; la version actuelle est la {current}.",
        "A later version of the text has replaced it; the current one is {current}.",
    ),
    (
        "another_text",
        "Ce n'est pas l'empreinte de cette version du texte : un autre texte a été montré.",
        "This is not the digest of this version of the text: another text was shown.",
    ),
    (
        "unknown_grant_type",
        "Attendu : email_code ou refresh_token.",
        "Expected: email_code or refresh_token.",
    ),
    (
        "not_a_nonce",
        "Attendu : 32 octets aléatoires en base64url sans remplissage (43 caractères).",
        "Expected: 32 random bytes in unpadded base64url (43 characters).",
    ),
    (
        "unknown_candidate",
        "Ce candidat n'est pas de ce scrutin.",
        "This candidate is not of this ballot.",
    ),
    ("duplicate", "Donné deux fois.", "Given twice."),
    (
        "empty",
        "Vide, ceci n'exprime rien ; pour un vote blanc : {\"blank\": true}.",
        "Empty, this expresses nothing; for a blank vote: {\"blank\": true}.",
    ),
    (
        "ties_not_allowed",
        "Ce mode de scrutin n'admet pas d'ex æquo.",
        "This method does not allow ties.",
    ),
    (
        "not_a_grade",
        "Attendu : un nombre entier, de 0 à la note maximale du scrutin (max_grade).",
        "Expected: an integer from 0 to the ballot's highest grade (max_grade).",
    ),
    (
        "method_without_grades",
        "Ce mode de scrutin n'a pas de notes ; max_grade ne va qu'avec score et majority_judgment.",
        "This method has no grades; max_grade goes with score and majority_judgment only.",
    ),
    (
        "must_be_true",
        "Seule la valeur true est admise.",
        "Only true is accepted.",
    ),
    (
        "not_with_blank",
        "Un vote blanc ne porte pas d'autre choix.",
        "A blank vote carries no other choice.",
    ),
    (
        "auditors_never_vote",
        "Les auditeurs ne votent jamais.",
        "Auditors never vote.",
    ),
    (
        "too_many_candidates",
        "Un scrutin a au plus {max} candidats.",
        "A ballot has at most {max} candidates.",
    ),
    (
        "invalid_cursor",
        "Ce curseur n'est pas de cette liste.",
        "This cursor is not of this list.",
    ),
];

fn every_fault() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    FAULTS
        .iter()
        .chain(super::codes_more::FAULTS)
        .chain(super::codes_images::FAULTS)
}

/// The words of one field's fault; a fault without words is a defect that a test finds.
pub fn fault_words(code: &str, language: Language) -> Option<&'static str> {
    let (_, fr, en) = every_fault().find(|(known, _, _)| *known == code)?;
    Some(match language {
        Language::Fr => fr,
        Language::En => en,
    })
}

/// The states of everything that has one, for people.
pub fn state_word(state: &str, language: Language) -> &str {
    if language == Language::En {
        return state;
    }
    match state {
        "draft" => "en préparation",
        "published" => "publié",
        "archived" => "archivé",
        "requested" => "demandé",
        "invited" => "invité",
        "confirmed" => "confirmé",
        "declined" => "décliné",
        "scheduled" => "prévu",
        "running" => "en cours",
        "ended" => "terminé",
        "cancelled" => "annulé",
        "annulled" => "invalidé",
        "open" => "ouvert",
        "closed" => "clos",
        other => other,
    }
}

#[cfg(test)]
mod tests;
