"""Files in object storage: found by listing, copied to the scratch folder, and read from there as local ones are."""
