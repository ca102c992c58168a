"""How structures stand in a column: as JSON text."""
import json

# One encoder for all: `json.dumps` with options makes a new one each time.
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
