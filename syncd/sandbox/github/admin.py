"""What an admin does to a project's columns, their choices and their iterations."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.sandbox.github import edits_project
from syncd.sandbox.github.nodes_project import Field, Iteration, Option, Project
from syncd.sandbox.github.people import WHERE
from syncd.sandbox.github.state import State
from syncd.sandbox.standin import unknown


class Admin:
    """The part of the stand-in that sets its project up; columns, choices and iterations go by their names."""

    state: State
    project: Project

    def column(self, name: str) -> Field:
        """Return a column of the project by name."""
        found = self.project.named(name)
        if found is None:
            raise unknown("field", name, [one.name for one in self.project.fields.values()], where=WHERE)
        return found

    def rename_field(self, name: str, new: str) -> None:
        """Rename a column; its id stays, no item counts as updated."""
        column = self.column(name)
        column.name, column.updated_at = new, self.state.stamp()

    def rename_option(self, field: str, name: str, new: str) -> str:
        """Rename a choice and return its *new id*: the old one is refused, the items that held it hold it still."""
        found = self._option(field, name)
        found.id, found.name = self.state.option_id(), new
        return found.id

    def delete_option(self, field: str, name: str) -> None:
        """Delete a choice: items that held it hold nothing, and do not count as updated."""
        column, found = self.column(field), self._option(field, name)
        column.options.remove(found)
        edits_project.forget(self.state, column, found)

    def _option(self, field: str, name: str) -> Option:
        options = self.column(field).options
        found = next((one for one in options if one.name.casefold() == name.casefold()), None)
        if found is None:
            raise unknown("option", name, [one.name for one in options], where=f"{WHERE}: {field}")
        return found

    def add_iteration_field(self, name: str, iterations: Mapping[str, tuple[str, int]]) -> None:
        """Add a column of iterations, each by its title with its first day and its days."""
        column = self.state.add_field(self.project, name, "ITERATION")
        column.iterations = [
            Iteration(id=self.state.option_id(), title=title, start_date=start, duration=days)
            for title, (start, days) in iterations.items()
        ]

    def rename_iteration(self, field: str, title: str, new: str) -> None:
        """Rename an iteration; its id stays."""
        self._iteration(field, title).title = new

    def renew_iterations(self, field: str) -> None:
        """Give every iteration a new id, as editing the field may: the old ones are refused, items hold them still."""
        for one in self.column(field).iterations:
            one.id = self.state.option_id()

    def delete_iteration(self, field: str, title: str) -> None:
        """Delete an iteration: items that held it hold nothing, and do not count as updated."""
        column, found = self.column(field), self._iteration(field, title)
        column.iterations.remove(found)
        edits_project.forget(self.state, column, found)

    def _iteration(self, field: str, title: str) -> Iteration:
        held = self.column(field).iterations
        found = next((one for one in held if one.title.casefold() == title.casefold()), None)
        if found is None:
            raise unknown("iteration", title, [one.title for one in held], where=f"{WHERE}: {field}")
        return found
