module peer

go 1.21

require github.com/blues/jsonata-go v1.5.4
