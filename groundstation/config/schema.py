"""The JSON Schema of a network file, for editors and for other programs."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from groundstation.config.document.root import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _TomlSchema(GenerateJsonSchema):
    """TOML has no null: a key is left out instead, so neither null nor a null default appears."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Keys speak for themselves; titles made from them would only repeat them."""
        del schema
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The type itself, without null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The default, unless there is none."""
        generated = super().default_schema(schema)
        if generated.get("default", ...) is None:
            del generated["default"]
        return generated


def network_schema() -> dict[str, Any]:
    """Every table and key of a network file with description, unit, limits and default."""
    schema = Document.model_json_schema(schema_generator=_TomlSchema)
    return {"$schema": DIALECT, **schema}
