//! Which route a gRPC method is, by its text.
//!
//! A call's text lies in its request, elsewhere each time, so it has to be read with every call. The table holds only
//! methods that are known, and clients put nothing into it: what they write is looked up and no more. A hash of a few
//! instructions does for that. What must never happen: a look-up that goes on and on.

use super::route::RouteId;

/// The methods that one thread knows.
#[derive(Debug, Default)]
pub(super) struct Methods {
    /// A power of two of them, at most half of them taken, or none.
    places: Box<[Option<Method>]>,
    taken: usize,
    /// So many routes were looked at for methods.
    pub(super) looked_at: usize,
    /// The registry has no room for another method, and never will have.
    pub(super) are_all: bool,
}

#[derive(Clone, Copy, Debug)]
struct Method {
    hash: u64,
    route: RouteId,
}

impl Methods {
    const PLACES_MIN: usize = 16;

    /// Adds a method that is not in the table yet.
    pub(super) fn insert(&mut self, name: &str, route: RouteId) {
        if self.taken * 2 >= self.places.len() {
            self.grow();
        }
        self.put(Method { hash: hash(name.as_bytes()), route });
    }

    /// Returns the route of a method. `is_called` compares its text.
    #[inline]
    pub(super) fn find(&self, name: &str, is_called: impl Fn(RouteId) -> bool) -> Option<RouteId> {
        let hash = hash(name.as_bytes());
        let mut place = home(hash);
        // Half of the places are free.
        while let Some(method) = self.places.get(place & self.places.len().wrapping_sub(1))?.as_ref() {
            if method.hash == hash && is_called(method.route) {
                return Some(method.route);
            }
            place += 1;
        }
        None
    }

    fn grow(&mut self) {
        let len = (self.places.len() * 2).max(Self::PLACES_MIN);
        let before = std::mem::replace(&mut self.places, vec![None; len].into());
        self.taken = 0;
        before.into_iter().flatten().for_each(|method| self.put(method));
    }

    fn put(&mut self, method: Method) {
        let (mut place, mask) = (home(method.hash), self.places.len() - 1);
        while self.places[place & mask].is_some() {
            place += 1;
        }
        self.places[place & mask] = Some(method);
        self.taken += 1;
    }
}

const _: () = assert!(Methods::PLACES_MIN.is_power_of_two());

/// Returns where the search for a hash begins, before the table's size is looked at.
#[expect(clippy::cast_possible_truncation, reason = "no table is as large")]
const fn home(hash: u64) -> usize {
    hash as usize
}

/// Returns a number that every byte has a part in, eight bytes at a time.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "two halves are made of one number")]
fn hash(mut text: &[u8]) -> u64 {
    const MULTIPLIER: u128 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = text.len() as u64;
    let mut add = |word: [u8; 8]| {
        // The upper half of a product depends on all of its bits, and the lower half on those that it is made of.
        let product = u128::from(hash ^ u64::from_le_bytes(word)) * MULTIPLIER;
        hash = (product >> 64) as u64 ^ product as u64;
    };
    // The last word overlaps with the one before, so that there is no rest to be gathered.
    let Some(end) = text.last_chunk::<8>() else {
        let mut word = [0; 8];
        word.iter_mut().zip(text).for_each(|(to, byte)| *to = *byte);
        add(word);
        return hash;
    };
    while let Some((head, rest)) = text.split_first_chunk::<8>() {
        add(*head);
        text = rest;
    }
    add(*end);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_and_no_other() {
        let mut methods = Methods::default();
        assert_eq!(methods.find("shop.Shop/Buy", |_| true), None);
        // Of all lengths, and many that differ in one place.
        let names: Vec<_> =
            (0..2_000).map(|at| format!("shop.{}Shop{at}/Buy", "x".repeat(at % 40))).collect();
        let names: Vec<&str> = ["", "a", "a/b", "aaaaaaaa", "aaaaaaaaa"]
            .into_iter()
            .chain(names.iter().map(|name| &**name))
            .collect();
        for (at, name) in names.iter().enumerate() {
            let is_called = |route: RouteId| names[route.index()] == *name;
            assert_eq!(methods.find(name, is_called), None, "{name}");
            methods.insert(name, RouteId::new(at));
        }
        for (at, name) in names.iter().enumerate() {
            let is_called = |route: RouteId| names[route.index()] == *name;
            assert_eq!(methods.find(name, is_called), Some(RouteId::new(at)), "{name}");
        }
        let unknown = (0..10_000).map(|at| format!("shop.Shop/Method{at}"));
        for name in unknown {
            assert_eq!(methods.find(&name, |route| names[route.index()] == name), None, "{name}");
        }
        assert!(methods.places.len() <= 4 * names.len(), "{}", methods.places.len());
    }

    /// Names as services have them are spread well enough that hardly any has to be looked for.
    #[test]
    fn methods_are_near_home() {
        let mut methods = Methods::default();
        let names = (0..32).flat_map(|service| {
            (0..32).map(move |method| format!("company.product{service}.v1.Service/GetThing{method}"))
        });
        names.enumerate().for_each(|(at, name)| methods.insert(&name, RouteId::new(at)));
        let mask = methods.places.len() - 1;
        let away = |(place, method): (usize, &Method)| place.wrapping_sub(home(method.hash)) & mask;
        let taken = methods.places.iter().enumerate().filter_map(|(at, method)| Some((at, method.as_ref()?)));
        let away: Vec<_> = taken.map(away).collect();
        assert!(away.iter().all(|away| *away < 32), "{away:?}");
        assert!(away.iter().sum::<usize>() < 2 * away.len(), "{away:?}");
    }
}
