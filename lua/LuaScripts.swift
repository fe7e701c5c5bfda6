let x = PackageResources.admit_lua
