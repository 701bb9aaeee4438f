"""The fields of the upload form, in groups and in the order in which people want them.

Each has an example, as a form would send it. `/docs` shows them where nothing is typed yet: it
sends none of them, since together they would contradict each other.
"""

from typing import Any, Final

from imagemill.gateway.upload.multipart import FILE_FIELD

Schema = dict[str, Any]

# Says which fields of an object's schema belong together: in order, each with a name.
GROUPS_KEYWORD: Final = "x-field-groups"

EXAMPLES: Final[dict[str, dict[str, object]]] = {
    "Image": {
        FILE_FIELD: None,
        "preset": "thumbnail",
        "pipeline": '{"outputs": [{"name": "thumb", "width": 320}], "analyze": ["blurhash"]}',
    },
    "Size and format": {
        "width": 800,
        "height": 600,
        "fit": "cover",
        "position": "attention",
        "enlarge": True,
        "format": "webp",
        "quality": 80,
    },
    "Turn and crop": {
        "auto_orient": False,
        "rotate": 90,
        "flip": True,
        "flop": True,
        "crop": '{"left": 40, "top": 20, "width": 600, "height": 400}',
        "trim": True,
    },
    "Colour and sharpness": {
        "grayscale": True,
        "normalize": True,
        "modulate": '{"brightness": 1.1, "saturation": 1.3}',
        "tint": "#c89f6c",
        "gamma": 2.2,
        "negate": True,
        "blur": 4,
        "sharpen": 1,
        "color_space": "p3",
    },
    "Border and watermark": {
        "pad": "16",
        "background": "#f4f1ea",
        "watermark": '{"text": "© 2026 Ada", "position": "right bottom"}',
    },
    "Encoding": {
        "max_bytes": 200000,
        "lossless": True,
        "progressive": True,
        "palette": True,
        "effort": 4,
        "frames": "first",
        "keep_metadata": "copyright",
        "keep_gain_map": True,
        "name": "card",
    },
    "Job": {
        "priority": "high",
        "metadata": '{"album": "42"}',
        "callback_url": "https://example.com/hooks/imagemill",
    },
}


def group_form(fields: Schema) -> Schema:
    """Return the `properties` of the form, with examples, and the groups that they belong to.

    Raises KeyError for a group's field that the form does not have.
    """
    ordered = [(name, one) for group in EXAMPLES.values() for name, one in group.items()]
    properties = {
        name: fields[name] | ({} if one is None else {"examples": [one]}) for name, one in ordered
    }
    groups = [{"name": name, "fields": [*group]} for name, group in EXAMPLES.items()]
    return {"properties": properties, GROUPS_KEYWORD: groups}
