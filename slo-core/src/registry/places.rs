//! Which route a text stands for, known by where the text lies.
//!
//! Routers keep one text per route, so its address tells the route without anything being hashed or read. An
//! address alone proves nothing once the text is freed, and so each place either holds what keeps its text where
//! it is, or has the text compared. What must never happen: a place that outlives what it holds, or a table that
//! grows with every text a client thinks of.

use std::any::Any;

use super::route::{Protocol, RouteId};

/// Keeps a text alive at its address for as long as it is not dropped.
pub(super) type Guard = Box<dyn Any>;

/// The routes that one thread has met, by the texts it met them with.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// A power of two of them, or none.
    places: Box<[Place]>,
    /// What each place holds; apart, because only those look here who change a place.
    guards: Box<[Option<Guard>]>,
    taken: usize,
}

/// One text, and its route. Half a cache line, and never in two.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Place {
    key: Key,
    /// None: nothing is here yet.
    route: Option<RouteId>,
    /// The text cannot have changed.
    kept: bool,
}

/// Where a method and a text lie, and how long they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    text: usize,
    about: About,
}

/// What a key says besides where the text lies. Two numbers, so that they travel in registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    method: usize,
    lengths: u64,
}

impl About {
    const METHOD_LEN_MAX: usize = (1 << 16) - 1;

    #[inline]
    pub(super) fn new(protocol: Protocol, method: &'static str, text: &str) -> Self {
        // No text is as long as 2^46 bytes. Methods that are too long look alike: see `is_exact`.
        let method_len = method.len().min(Self::METHOD_LEN_MAX) as u64;
        let lengths = method_len << 48 | (protocol as u64) << 46 | text.len() as u64;
        Self { method: method.as_ptr().addr(), lengths }
    }

    /// Returns whether what is said of this method tells it from all others at its address.
    pub(super) const fn is_exact(method: &str) -> bool {
        method.len() < Self::METHOD_LEN_MAX
    }
}

impl Key {
    #[inline]
    pub(super) fn new(about: About, text: &str) -> Self {
        Self { text: text.as_ptr().addr(), about }
    }

    /// Returns a number of which every bit depends on all lower ones of both addresses.
    #[inline]
    const fn scattered(self) -> usize {
        // Fibonacci hashing: the upper bits of the product are the good ones.
        const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
        let addresses = self.text as u64 ^ (self.about.method as u64).rotate_left(32);
        (addresses.wrapping_mul(MULTIPLIER) >> 48) as usize
    }
}

impl Places {
    /// A few routes stay in a few cache lines.
    const PLACES_MIN: usize = 64;
    /// Four for each route of the default maximum.
    const PLACES_MAX: usize = 4096;
    /// Texts whose addresses fall together lie in neighbouring places, up to this many.
    const NEIGHBOURS: usize = 8;

    /// Puts a text in its place, and returns what was held for the texts that had to give way: drop it where
    /// nothing is borrowed, because it may do anything.
    pub(super) fn remember(&mut self, key: Key, route: RouteId, guard: Option<Guard>) -> Vec<Guard> {
        let mut leaving = Vec::new();
        if self.taken * 4 >= self.places.len() && self.places.len() < Self::PLACES_MAX {
            self.grow(&mut leaving);
        }
        let place = Place { key, route: Some(route), kept: guard.is_some() };
        leaving.extend(self.put(place, guard));
        leaving
    }

    /// Returns the route of a text, if it is at home. `is_of` compares a text that nothing keeps.
    #[inline]
    pub(super) fn find_at_home(&self, key: Key, is_of: impl Fn(RouteId) -> bool) -> Option<RouteId> {
        self.at(key.scattered())?.route_of(key, is_of)
    }

    /// Returns the route of a text, if it has a place.
    pub(super) fn find(&self, key: Key, is_of: impl Fn(RouteId) -> bool) -> Option<RouteId> {
        let home = key.scattered();
        let near = (home..home + Self::NEIGHBOURS).filter_map(|place| self.at(place));
        near.take_while(|place| !place.is_free()).find_map(|place| place.route_of(key, &is_of))
    }

    /// Returns a place; they go round in a circle.
    #[inline]
    fn at(&self, place: usize) -> Option<&Place> {
        self.places.get(place & self.places.len().wrapping_sub(1))
    }

    fn grow(&mut self, leaving: &mut Vec<Guard>) {
        let len = (self.places.len() * 2).max(Self::PLACES_MIN);
        let places = std::mem::replace(&mut self.places, vec![Place::default(); len].into());
        let guards = std::mem::replace(&mut self.guards, (0..len).map(|_| None).collect());
        self.taken = 0;
        for (place, guard) in places.into_iter().zip(guards).filter(|(place, _)| !place.is_free()) {
            leaving.extend(self.put(place, guard));
        }
    }

    /// Fills the first free place near home; where all are taken, the text at home gives way.
    fn put(&mut self, place: Place, guard: Option<Guard>) -> Option<Guard> {
        let (home, mask) = (place.key.scattered(), self.places.len() - 1);
        let mut near = (home..home + Self::NEIGHBOURS).map(|place| place & mask);
        let free = near.find(|near| self.places[*near].is_free());
        self.taken += usize::from(free.is_some());
        let index = free.unwrap_or(home & mask);
        self.places[index] = place;
        std::mem::replace(&mut self.guards[index], guard)
    }
}

impl Place {
    #[inline]
    fn route_of(&self, key: Key, is_of: impl Fn(RouteId) -> bool) -> Option<RouteId> {
        let route = self.route?;
        (self.key == key && (self.kept || is_of(route))).then_some(route)
    }

    #[inline]
    const fn is_free(&self) -> bool {
        self.route.is_none()
    }
}

const _: () = assert!(Places::PLACES_MIN.is_power_of_two() && Places::PLACES_MAX.is_power_of_two());
const _: () = assert!(Places::PLACES_MAX <= 1 << 16, "as many as `scattered` tells apart");
const _: () = assert!(size_of::<Place>() == 32);
