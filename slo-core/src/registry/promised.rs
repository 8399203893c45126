//! What is promised, collected: SLOs, their routes, and which declaration is about which of them.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;

use super::build_error::BuildError;
use super::classify::{Classify, Policy};
use super::declare::Declaration;
use super::goal::{Goal, Goals};
use super::outcome::Outcome;
use super::route::Protocol;
use super::routes::Routes;
use crate::objective::{ObjectiveError, Slo, split_route};

/// A classifier of one route.
pub(super) struct OwnClassifier {
    pub(super) route: String,
    pub(super) classifier: Box<dyn Classify>,
    pub(super) location: &'static Location<'static>,
}

impl fmt::Debug for OwnClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnClassifier").field(&self.route).finish()
    }
}

/// The promises collected so far.
pub(super) struct Promised {
    pub(super) slos: Vec<(Slo, &'static Location<'static>)>,
    pub(super) goals: Vec<Goals>,
    pub(super) routes: Routes,
    /// What a file makes of those that are declared, by their names.
    changed: HashMap<String, Slo>,
}

impl Promised {
    pub(super) fn new(routes: Routes, changed: HashMap<String, Slo>) -> Self {
        Self { slos: Vec::new(), goals: Vec::new(), routes, changed }
    }

    /// Adds an SLO that names its own events.
    pub(super) fn add_slo(
        &mut self,
        slo: Slo,
        location: &'static Location<'static>,
    ) -> Result<(), BuildError> {
        let Some(route) = self.route_of(&slo) else {
            return Err(BuildError::NoEvents { name: slo.name().to_owned(), location });
        };
        let goals = match self.routes.get(route).and_then(|route| route.own()) {
            Some(goals) => goals,
            None => self.new_goals(Vec::new()),
        };
        self.routes.get(route).into_iter().for_each(|route| route.set_own(goals));
        let goal = self.add_goal(slo, location)?;
        self.goals[goals].goals.push(goal);
        Ok(())
    }

    /// Adds what an annotated function promises.
    pub(super) fn add_declaration(&mut self, declaration: &'static Declaration) -> Result<(), BuildError> {
        let same =
            |goals: &&mut Goals| goals.declarations.first().is_some_and(|own| own.is_copy_of(declaration));
        if let Some(goals) = self.goals.iter_mut().find(same) {
            goals.declarations.push(declaration);
            return Ok(());
        }
        let location = declaration.location();
        let slos = declaration.slos().map_err(|error| BuildError::Invalid { error, location })?;
        let goals = self.new_goals(vec![declaration]);
        for slo in slos {
            if let Some(route) = self.route_of(&slo) {
                // An annotated handler that names its route: bound before its first request.
                self.routes.get(route).into_iter().for_each(|route| route.bind(goals));
            }
            let goal = self.add_goal(slo, location)?;
            self.goals[goals].goals.push(goal);
        }
        Ok(())
    }

    /// Adds classifiers, of which a route has one at most.
    pub(super) fn add_classifiers(
        &mut self,
        classifiers: Vec<OwnClassifier>,
        policy: &mut Policy,
    ) -> Result<(), BuildError> {
        for (index, own) in classifiers.iter().enumerate() {
            if let Some(first) = classifiers[..index].iter().find(|first| first.route == own.route) {
                let (first, second) = (first.location, own.location);
                return Err(BuildError::DuplicateClassifier { route: own.route.clone(), first, second });
            }
        }
        for OwnClassifier { route, classifier, location } in classifiers {
            let (method, template) =
                split_route(&route).map_err(|error| BuildError::Invalid { error, location })?;
            let route = self.routes.find_or_add(Protocol::of_method(method), method, template);
            policy.insert(route, classifier);
        }
        Ok(())
    }

    fn new_goals(&mut self, declarations: Vec<&'static Declaration>) -> usize {
        self.goals.push(Goals { declarations, goals: Vec::new() });
        self.goals.len() - 1
    }

    /// Returns a route that was written down, registered with a first series so that it is exposed from the start.
    pub(super) fn add_route(&self, route: &str) -> Result<usize, ObjectiveError> {
        let (method, template) = split_route(route)?;
        let protocol = Protocol::of_method(method);
        Ok(self.register(protocol, method, template, if protocol == Protocol::Rpc { 0 } else { 200 }))
    }

    fn register(&self, protocol: Protocol, method: &str, template: &str, status: u16) -> usize {
        let route = self.routes.find_or_add(protocol, method, template);
        self.routes.register(route, Outcome::Completed(status));
        route
    }

    /// Returns the route an SLO names.
    fn route_of(&self, slo: &Slo) -> Option<usize> {
        match (slo.route(), slo.operation()) {
            (Some(route), _) => self.add_route(route).ok(),
            (None, Some(operation)) => Some(self.register(Protocol::Operation, "", operation, 0)),
            (None, None) => None,
        }
    }

    fn add_goal(&mut self, slo: Slo, location: &'static Location<'static>) -> Result<Goal, BuildError> {
        let name = slo.name().to_owned();
        if let Some((_, first)) = self.slos.iter().find(|(other, _)| other.name() == name) {
            return Err(BuildError::DuplicateSlo { name, first, second: location });
        }
        let slo = self.changed.remove(&name).unwrap_or(slo);
        BuildError::check_alerts(&slo, location)?;
        let goal = Goal::new(self.slos.len(), &slo);
        self.slos.push((slo, location));
        Ok(goal)
    }
}
