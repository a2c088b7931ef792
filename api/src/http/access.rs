//! Who may do what: said once per route, checked before its handler runs, again inside the
//! transaction of every write, and published in the document.
//!
//! Each path leads to at most one workshop, and [`looking`](super::looking) finds the caller's place in
//! it, so that no handler can look into a workshop that is not the caller's.
//!
//! A sign-in with an in-person code, which an organiser made and could have used, opens one workshop
//! only, while its holder is a participant there, and of that nothing that cannot be undone or that
//! only the person may know: no ballot, and not the account. Routes say so themselves
//! ([`Route::in_person`](super::routes::Route::in_person)).

use std::sync::Arc;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web::Data};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::codes::Code;
use super::looking::{Found, Looks, Own, Place, Question, Scope, SignedIn, look};
use super::problem::Problem;
use super::routes::Route;
use crate::app::App;
use crate::identity::Word;
use crate::identity::tokens::Bearer;
use crate::instant::Instant;
use crate::registrations::Role;
use crate::workshops::State as WorkshopState;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone, signed in or not.
    Anyone,
    /// Anyone signed in.
    SignedIn,
    /// Administrators of the instance.
    Administrator,
    /// Members (invited or confirmed) of the path's workshop with one of these roles. A draft
    /// workshop is there for its staff only.
    Members(&'static [Role]),
    /// Whoever has any registration there, declined and requested ones included.
    Registered,
    /// Whoever has any registration there, and anyone signed in who may at least know of it: the
    /// workshop is public, or published and open to self-registration.
    Joinable,
    /// Members, and anyone at all when the workshop is public and published.
    Visible,
}

pub const EVERY_ROLE: &[Role] = &[Role::Organiser, Role::Facilitator, Role::Participant, Role::Auditor];
pub const STAFF: &[Role] = &[Role::Organiser, Role::Facilitator];
pub const ORGANISER: &[Role] = &[Role::Organiser];
pub const SUPERVISION: &[Role] = &[Role::Organiser, Role::Auditor];

/// The rule of one route.
#[derive(Debug)]
pub struct Gate {
    /// As in the document, for the log.
    pub path: String,
    access: Access,
    in_person: bool,
    /// The handler looks the caller up itself, before it answers anything.
    deferred: bool,
    /// Neither how often nor how soon it answers is kept.
    pub uncounted: bool,
    /// The workshop that the path leads to.
    place: Option<Place>,
}

pub fn leads_to_workshop(path: &str) -> bool {
    Place::of(path).is_some()
}

impl Gate {
    pub fn new(route: &Route) -> Self {
        Self {
            path: route.path.clone(),
            access: route.access,
            in_person: route.in_person,
            deferred: route.deferred,
            uncounted: route.uncounted,
            place: Place::of(&route.path),
        }
    }

    /// Lets the request pass, or says why not.
    pub async fn admit(&'static self, request: &HttpRequest) -> Result<Caller, Problem> {
        let app = request.app_data::<Data<App>>().ok_or(Code::Internal)?.clone();
        let looks = request.app_data::<Data<Looks>>().ok_or(Code::Internal)?.clone();
        let mut bearers = request.headers().get_all(AUTHORIZATION);
        let bearer = bearers.next();
        if self.access == Access::Anyone && (bearer.is_none() || self.place.is_none()) {
            return Ok(Caller {
                gate: self,
                app,
                looks,
                word: None,
                path_id: None,
                signed_in: None,
                scope: None,
            });
        }
        if bearers.next().is_some() {
            return Err(unauthorised());
        }
        let token = match bearer {
            Some(value) => Some(value.to_str().ok().and_then(bearer_token).ok_or_else(unauthorised)?),
            None => None,
        };
        let word = match token {
            Some(token) => Some(app.tokens.verify(&app.store, token).await?.ok_or_else(unauthorised)?),
            None => None,
        };
        // A handler that looks the caller up itself may do without asking what kind of sign-in it is.
        let in_person = word.as_ref().is_some_and(|word| word.bearer.only_workshop.is_some());
        if self.deferred && in_person && !self.in_person {
            return Err(Code::MailSignInRequired.into());
        }
        if word.is_none() && !matches!(self.access, Access::Anyone | Access::Visible) {
            return Err(unauthorised());
        }
        let path_id = match self.place {
            Some(place) => {
                let id = request.match_info().get(place.parameter);
                Some(id.and_then(|id| id.parse::<Uuid>().ok()).ok_or(Code::MalformedPath)?)
            }
            None => None,
        };
        let mut caller = Caller {
            gate: self,
            app,
            looks,
            word,
            path_id,
            signed_in: None,
            scope: None,
        };
        if !self.deferred {
            caller.look_now().await?;
        }
        Ok(caller)
    }

    fn decide(&self, signed_in: Option<&SignedIn>, scope: Option<&Scope>) -> Result<(), Code> {
        let own = scope.and_then(|scope| scope.own.as_ref());
        let staff = own.is_some_and(|own| own.is_member() && own.role != Role::Participant);
        // A draft is there for its staff; anyone else does not know of it.
        let known = scope.filter(|scope| scope.state != WorkshopState::Draft || staff);
        let member = known.and(own).filter(|own| own.is_member());
        let public = known.is_some_and(|scope| scope.public);
        let in_person = signed_in.is_some_and(|person| person.only_workshop.is_some());
        match self.access {
            Access::Anyone => Ok(()),
            Access::Visible if public => Ok(()),
            _ if signed_in.is_none() => Err(Code::SignInRequired),
            _ if in_person && !self.in_person => Err(Code::MailSignInRequired),
            // Without a place in their workshop they are in another.
            Access::Joinable if in_person && own.is_none() => Err(Code::NotFound),
            Access::SignedIn => Ok(()),
            Access::Administrator => signed_in
                .is_some_and(|person| person.administrator)
                .then_some(())
                .ok_or(Code::NotAllowed),
            Access::Visible => member.map(|_| ()).ok_or(Code::NotFound),
            Access::Registered => known.and(own).map(|_| ()).ok_or(Code::NotFound),
            Access::Joinable => known
                .filter(|scope| {
                    let open = scope.self_registration && scope.state == WorkshopState::Published;
                    own.is_some() || scope.public || open
                })
                .map(|_| ())
                .ok_or(Code::NotFound),
            Access::Members(roles) => match member {
                Some(own) if roles.contains(&own.role) => Ok(()),
                Some(_) => Err(Code::NotAllowed),
                None => Err(Code::NotFound),
            },
        }
    }
}

fn bearer_token(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim_start_matches(' '))
}

fn unauthorised() -> Problem {
    Problem::from(Code::SignInRequired).header(actix_web::http::header::WWW_AUTHENTICATE, "Bearer")
}

/// Who asks, and for which workshop; the way to a transaction that writes.
#[derive(Clone)]
pub struct Caller {
    gate: &'static Gate,
    pub app: Data<App>,
    looks: Data<Looks>,
    word: Option<Arc<Word>>,
    path_id: Option<Uuid>,
    signed_in: Option<SignedIn>,
    scope: Option<Scope>,
}

impl Caller {
    fn question(&self) -> Question {
        Question {
            sign_in_id: self.word.as_ref().map(|word| word.bearer.sign_in_id),
            seen: None,
            place: self.gate.place,
            path_id: self.path_id,
        }
    }

    /// Decides by what was found just now.
    fn meet(&mut self, found: Found) -> Result<(), Problem> {
        (self.signed_in, self.scope) = (found.signed_in, found.scope);
        if self.word.is_some() && self.signed_in.is_none() {
            return Err(unauthorised());
        }
        match self.gate.decide(self.signed_in.as_ref(), self.scope.as_ref()) {
            Ok(()) => Ok(()),
            Err(Code::SignInRequired) => Err(unauthorised()),
            Err(code) => Err(code.into()),
        }
    }

    pub fn person(&self) -> Result<&SignedIn, Problem> {
        self.signed_in.as_ref().ok_or_else(unauthorised)
    }

    pub fn person_id(&self) -> Result<Uuid, Problem> {
        Ok(self.person()?.person_id)
    }

    /// Of an in-person sign-in: the only workshop there is for it.
    pub fn only_workshop(&self) -> Option<Uuid> {
        self.signed_in.as_ref()?.only_workshop
    }

    /// Whom the caller's token speaks for: a claim, to be held against the database by whoever acts
    /// on it before [`Caller::look_now`].
    pub fn bearer(&self) -> Result<Bearer, Problem> {
        Ok(self.word.as_ref().ok_or_else(unauthorised)?.bearer)
    }

    /// Whether a look shortly before found that so, with a sign-in from the mail; all that is left to
    /// ask is whether it was ended since.
    pub fn seen(&self) -> bool {
        self.word.as_ref().is_some_and(|word| word.seen(self.now()))
    }

    /// Looks the caller up and decides as the route's gate does, as things stand now.
    pub async fn look_now(&mut self) -> Result<(), Problem> {
        let asked = self.now();
        let seen = self.word.as_ref().filter(|word| word.seen(asked));
        let question = Question {
            seen: seen.map(|word| word.bearer.person_id),
            ..self.question()
        };
        let found = self.looks.ask(question).await?;
        if let (Some(word), Some(signed_in)) = (&self.word, &found.signed_in)
            && let Some(ends) = signed_in.ends
            && (signed_in.person_id, signed_in.only_workshop) == (word.bearer.person_id, None)
        {
            word.see(asked, ends);
        }
        self.meet(found)
    }

    /// The workshop the path leads to.
    pub fn scope(&self) -> Result<&Scope, Problem> {
        self.scope.as_ref().ok_or_else(|| Code::NotFound.into())
    }

    pub fn workshop_id(&self) -> Result<Uuid, Problem> {
        Ok(self.scope()?.workshop_id)
    }

    /// The caller's own place in that workshop.
    pub fn own(&self) -> Result<Own, Problem> {
        self.scope()?.own.ok_or_else(|| Code::NotFound.into())
    }

    pub fn role(&self) -> Option<Role> {
        self.scope.as_ref()?.own.filter(Own::is_member).map(|own| own.role)
    }

    pub fn is(&self, roles: &[Role]) -> bool {
        self.role().is_some_and(|role| roles.contains(&role))
    }

    /// The id in the path that led to the workshop.
    pub fn path_id(&self) -> Result<Uuid, Problem> {
        self.path_id.ok_or_else(|| Code::NotFound.into())
    }

    pub fn now(&self) -> Instant {
        self.app.ambient.now()
    }

    /// A transaction that writes, in which the caller has been looked up and admitted again: a
    /// right withdrawn meanwhile no longer counts. Archived workshops do not change.
    pub async fn begin(&mut self) -> Result<DatabaseTransaction, Problem> {
        let transaction = self.begin_lasting().await?;
        if self
            .scope
            .as_ref()
            .is_some_and(|scope| scope.state == WorkshopState::Archived)
        {
            return Err(Code::WorkshopArchived.into());
        }
        Ok(transaction)
    }

    /// As [`Caller::begin`], for what outlives the workshop: the coalition and its pledges.
    pub async fn begin_lasting(&mut self) -> Result<DatabaseTransaction, Problem> {
        let transaction = self.app.store.write().await?;
        if self.gate.access != Access::Anyone {
            let found = look(&transaction, self.question(), self.now()).await?;
            self.meet(found)?;
        }
        Ok(transaction)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Put there by the route's gate; its absence would be a defect, and refuses.
        std::future::ready(
            request
                .extensions()
                .get::<Self>()
                .cloned()
                .ok_or_else(|| Code::Internal.into()),
        )
    }
}
