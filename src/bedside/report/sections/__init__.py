"""What each section of the report holds, worked out from Evidence; the templates only lay it out."""
