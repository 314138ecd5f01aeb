//! Scripted traces.
